"""The registry of oddities: ``@oddity(NAME, weight)`` adds one."""

from collections.abc import Callable, Iterable
from random import Random

from tests.hosts.paths.change import Change, Oddity

Maker = Callable[[Random], Iterable[Change]]

REGISTRY: dict[str, tuple[Maker, float]] = {}


def oddity(name: str, weight: float = 1) -> Callable[[Maker], Maker]:
    """Register a function that makes the changes of one oddity from random numbers; it is drawn by its weight."""

    def register(maker: Maker) -> Maker:
        if name in REGISTRY:
            raise ValueError(f"two oddities are called {name}")
        REGISTRY[name] = (maker, weight)
        return maker

    return register


def draw(random: Random, names: Iterable[str] = ()) -> Oddity:
    """Draw one, of the names given or of all."""
    wanted = list(names) or list(REGISTRY)
    name = random.choices(wanted, [REGISTRY[one][1] for one in wanted])[0]
    return Oddity(name, tuple(REGISTRY[name][0](random)))
