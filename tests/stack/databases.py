"""Databases for tests: each service's schema is made once per session and copied for each test."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from shared.postgres.migrate import migrate

SERVICES = Path(__file__).parents[2] / "services"


@dataclass(slots=True)
class Databases:
    """Makes databases on a server, from a template per service."""

    server: str  # address of a superuser
    _templates: dict[str, str] = field(default_factory=dict)

    async def new(self, service: str) -> str:
        """An empty database with the service's schema; returns its address."""
        if service not in self._templates:
            self._templates[service] = await self._make_template(service)
        name = _unique(service)
        await self._run(f"create database {name} template {self._templates[service]}")
        return self.address(name)

    async def drop(self, address: str) -> None:
        """Remove a database, whoever is still connected."""
        await self._run(f"drop database if exists {address.rpartition('/')[2]} with (force)")

    async def drop_templates(self) -> None:
        """At the end of the session."""
        for name in self._templates.values():
            await self._run(f"drop database if exists {name} with (force)")

    def address(self, name: str) -> str:
        """Where a database is."""
        return f"{self.server.rpartition('/')[0]}/{name}"

    async def _make_template(self, service: str) -> str:
        name = _unique(f"template_{service}")
        await self._run(f"create database {name}")
        async with asyncpg.create_pool(self.address(name), min_size=1, max_size=1) as pool:
            await migrate(pool, SERVICES / service / "migrations")
        return name

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _unique(name: str) -> str:
    return f"test_{name}_{secrets.token_hex(6)}"
