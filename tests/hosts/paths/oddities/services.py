"""Programs that do not listen: the engine's proxy is dead, or the service in the container."""

from collections.abc import Iterator
from random import Random

from tests.hosts.paths.change import Change
from tests.hosts.paths.layout import HOST
from tests.hosts.paths.oddities import pool
from tests.hosts.paths.oddities.registry import oddity


@oddity("service/proxy-dead", 2)
def proxy_dead(random: Random) -> Iterator[Change]:
    """One proxy of the engine has ended."""
    yield Change(HOST, "closed", random.choice(("tcp 8080", "tcp 8081", "udp 5353")))


@oddity("service/none", 1)
def none(random: Random) -> Iterator[Change]:
    """Nobody listens."""
    name = random.choice((pool.container(random), HOST))
    yield Change(name, "closed", random.choice(("tcp 9000", "udp 9000") if name == HOST else ("tcp 80", "udp 53")))
