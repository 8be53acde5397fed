"""How often somebody may try to sign in, or upload. Counted in Postgres, so that all replicas count together."""

import hashlib
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import aiosql
import structlog
from fastapi import Depends, Request

from services.intake.api.errors import ApiError
from services.intake.deps import Deps
from services.intake.users.people import User

log = structlog.get_logger()

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "rate_counts.sql", "asyncpg")

_PERIOD_SECONDS = 60


async def limit_sign_ins(request: Request) -> None:
    """Refuse an address that tries to sign in too often."""
    deps: Deps = request.app.state.deps
    who = network_of(request.client.host if request.client else "")
    await _limit(deps, "sign_in", who=who, most=deps.settings.sign_ins_per_minute)


SignInsLimited = Depends(limit_sign_ins)


async def limit_uploads(deps: Deps, caller: User) -> None:
    """Refuse a person who uploads too often."""
    await _limit(deps, "upload", who=caller.email_key, most=deps.settings.uploads_per_minute)


def network_of(host: str) -> str:
    """Who counts as one: an IPv4 address, or an IPv6 network as one household gets it."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


async def _limit(deps: Deps, what: str, *, who: str, most: int) -> None:
    key = hashlib.sha256(who.encode()).digest()
    count = await queries.count_one(deps.pool, what=what, who=key, seconds=_PERIOD_SECONDS)
    if count == 1:  # seldom enough, often enough
        await queries.forget_periods(deps.pool)
    if count <= most:
        return
    if count == most + 1:
        log.warning("rate.limited", what=what, most=most)
    raise ApiError(
        429, "rate.limited", f"That was more than {most} times in a minute; wait a minute and try again.",
        headers={"Retry-After": str(_PERIOD_SECONDS)},
    )  # fmt: skip
