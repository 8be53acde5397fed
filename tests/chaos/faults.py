"""The faults, when they strike by a seed, and how each is done to a cluster and undone again."""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.stack.cluster import SERVERS, SERVICES, Cluster
from tests.stack.proxy import Pace

PAST_SESSION_SECONDS = 38.0  # a member that is silent for 30 s has lost its partitions
SLOW = Pace(delay_seconds=0.05, bytes_per_second=200_000)


class Fault(StrEnum):
    """What can happen to a part, or to the connections between a service and a server."""

    KILL = "killed (SIGKILL)"
    FREEZE = "frozen (SIGSTOP, SIGCONT)"
    LONG_FREEZE = "frozen past the session time-out"
    RESTART = "restarted (SIGTERM)"
    SCALE = "scaled 1 ↔ 2 replicas"
    STOP = "stopped, later started"
    CUT = "connections cut"
    SLOW = "connections slowed"
    REFUSE = "connections refused"
    HANG = "connections hang"


_OF_SERVICES = {Fault.KILL: 50, Fault.FREEZE: 6, Fault.RESTART: 8, Fault.SCALE: 6}
_OF_SERVERS = {Fault.KILL: 15, Fault.FREEZE: 3, Fault.RESTART: 3}
_OF_CONNECTIONS = {Fault.CUT: 9, Fault.SLOW: 4, Fault.REFUSE: 4, Fault.HANG: 4}
_IN_LONG_RUNS = {Fault.LONG_FREEZE: 3, Fault.STOP: 4}
LONG_RUN_SECONDS = 300.0  # from here on faults of a minute and more fit in
_FASTEST, _SLOWEST = 1.0, 5.0  # seconds between faults
_LASTING = (1.0, 8.0)  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault: so many seconds after the one before, on a service or server, or on what lies between both."""

    pause: float
    fault: Fault
    target: str
    server: str = ""  # of a connection
    seconds: float = 0.0  # how long it lasts
    chance: float = 0.0  # which of the replicas, in [0, 1)


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike as it happened, in seconds since 1970. `hit` is False when there was nothing to hit just then."""

    strike: Strike
    began: float
    ended: float
    hit: bool


def plan(seed: int, seconds: float) -> list[Strike]:
    """The strikes of so many seconds; the same for the same seed."""
    dice = Random(seed)
    strikes: list[Strike] = []
    left = seconds
    while (strike := _throw(dice, seconds)).pause < left:
        strikes.append(strike)
        left -= strike.pause
    return strikes


def _throw(dice: Random, run_seconds: float) -> Strike:
    long = _IN_LONG_RUNS if run_seconds >= LONG_RUN_SECONDS else {}
    kinds = [(fault, SERVICES, weight) for fault, weight in (_OF_SERVICES | long).items()]
    kinds += [(fault, SERVERS, weight) for fault, weight in _OF_SERVERS.items()]
    kinds += [(fault, (), weight) for fault, weight in _OF_CONNECTIONS.items()]
    fault, targets, _ = dice.choices(kinds, [weight for _, _, weight in kinds])[0]
    connection = dice.choice(
        [(s, "kafka") for s in SERVICES] + [(s, "postgres") for s in SERVICES] + [("notifier", "inbox")]
    )
    target, server = (dice.choice(targets), "") if targets else connection
    return Strike(
        pause=dice.uniform(_FASTEST, _SLOWEST), fault=fault, target=target, server=server,
        seconds=_lasting(fault, dice), chance=dice.random(),
    )  # fmt: skip


def _lasting(fault: Fault, dice: Random) -> float:
    match fault:
        case Fault.LONG_FREEZE:
            return PAST_SESSION_SECONDS
        case Fault.STOP:
            return dice.uniform(60.0, 180.0)
        case Fault.FREEZE | Fault.SLOW | Fault.REFUSE | Fault.HANG:
            return dice.uniform(*_LASTING)
        case _:
            return 0.0


async def strike_all(cluster: Cluster, strikes: list[Strike]) -> list[Struck]:
    """One after another, the lasting ones beside those that follow; all of them undone at the end."""
    under_way: list[asyncio.Task[Struck]] = []
    targets: set[str] = set()
    for strike in strikes:
        await asyncio.sleep(strike.pause)
        if strike.target not in targets:  # one that is being struck is left alone
            targets.add(strike.target)
            task = asyncio.create_task(_strike(cluster, strike))
            task.add_done_callback(lambda _, target=strike.target: targets.discard(target))
            under_way.append(task)
    return await asyncio.gather(*under_way)


async def _strike(cluster: Cluster, strike: Strike) -> Struck:
    began = time.time()
    if strike.server:
        hit = await _strike_connections(cluster, strike)
    elif strike.fault in (Fault.SCALE, Fault.STOP):
        hit = await _strike_replicas(cluster, strike)
    else:
        hit = await _strike_process(cluster, strike)
    return Struck(strike, began, time.time() if strike.seconds else began, hit)


async def _strike_connections(cluster: Cluster, strike: Strike) -> bool:
    proxy = cluster.proxies[strike.target, strike.server]
    match strike.fault:
        case Fault.CUT:
            proxy.cut()
        case Fault.SLOW:
            proxy.slow(SLOW)
        case Fault.REFUSE:
            proxy.refuse()
        case _:
            proxy.hang()
    await asyncio.sleep(strike.seconds)
    await proxy.heal()
    return True


async def _strike_replicas(cluster: Cluster, strike: Strike) -> bool:
    now = cluster.replicas[strike.target]
    if strike.fault is Fault.SCALE:
        await cluster.scale(strike.target, 3 - now)
        return True
    await cluster.scale(strike.target, 0)
    await asyncio.sleep(strike.seconds)
    await cluster.scale(strike.target, now)
    return True


async def _strike_process(cluster: Cluster, strike: Strike) -> bool:
    part = strike.target
    if part in SERVICES:
        part = f"{part}-{int(strike.chance * cluster.replicas[part])}"
    if not cluster.is_alive(part):
        return False
    if strike.fault is Fault.KILL:
        cluster.kill(part)
    elif strike.fault is Fault.RESTART:
        cluster.restart(part)
    else:
        pid = cluster.pid(part)
        cluster.pause(part)
        await asyncio.sleep(strike.seconds)
        if cluster.pid(part) == pid:
            cluster.resume(part)
    return True
