"""Versions that change while imports are read and run: the last release's code and ours, service by service."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import httpx

from shared.version import VERSION
from tests.chaos.asking import Asked
from tests.stack.cluster import Build, Cluster

from . import last_release
from .story import LARGE, Story

# Without a name of its own a replica leaves its groups when it stops, and the others take over at once. A small window:
# a file is under way for a while.
_OWN = {"ROLLCALL_REPLICA": "", "ROLLCALL_UPLOADS_PER_MINUTE": "1000000", "ROLLCALL_READING_WINDOW": "300"}
_PATIENT = {"ROLLCALL_REPAIR_AFTER_SECONDS": "1"}  # repair that must not be mistaken by an older service's silence


class Version(StrEnum):
    """Which code runs, as its metrics tell."""

    OLD = last_release.VERSION
    NEW = VERSION

    @classmethod
    def of(cls, metrics: str) -> "Version":
        """0.1.0 did not say it; it is known by a metric that no later version has."""
        if "\nrollcall_seconds_since_poll{" in metrics:
            return cls("0.1.0")
        told = re.findall(r'^rollcall_build_info{version="(.*)"} 1', metrics, re.MULTILINE)
        return cls(*told)


def builds(folder: Path) -> dict[Version, Build]:
    """How each version runs; the old one's code is in the folder."""
    return {
        Version.OLD: Build(checkout=folder, environment=_OWN),
        Version.NEW: Build(environment={**_OWN, **_PATIENT}),
    }


class Changing:
    """A cluster on its way from version to version. It begins with one old replica of each service."""

    def __init__(self, cluster: Cluster, story: Story, code: Mapping[Version, Build]) -> None:
        self._cluster = cluster
        self._story = story
        self._code = code
        self._read: Asked | None = None  # by the change before, and not run yet

    async def to(self, changes: Mapping[str, Sequence[Version]]) -> None:
        """So many replicas of each of these services, with these versions, while one import is read and another runs."""
        reading = await self._story.upload(LARGE, "hold")
        await self._story.moved(reading, "checked")
        await self.run_the_last()
        self._read = reading
        await asyncio.gather(*(self._change(service, versions) for service, versions in changes.items()))
        await self._cluster.ready()
        for service, versions in changes.items():
            for number, version in enumerate(versions):
                await self._assert_runs(f"{service}-{number}", version)

    async def run_the_last(self) -> None:
        """The import that was read while the last change was made."""
        if self._read:
            await self._story.run(self._read)
            await self._story.moved(self._read, "provisioned")

    async def _change(self, service: str, versions: Sequence[Version]) -> None:
        for number, version in enumerate(versions):
            if number >= self._cluster.replicas[service]:
                await self._cluster.scale(service, number + 1, self._code[version])
            elif not await self._runs(f"{service}-{number}", version):
                await self._cluster.start_over(f"{service}-{number}", self._code[version])
        await self._cluster.scale(service, len(versions))

    async def _runs(self, replica: str, version: Version) -> bool:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            metrics = (await http.get(f"{self._cluster.url(replica)}/metrics")).text
        return Version.of(metrics) is version

    async def _assert_runs(self, replica: str, version: Version) -> None:
        assert await self._runs(replica, version), f"{replica} is not {version.name}"
