"""Containers that the engine starts again and again, or gave up on."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.containers.containers import Container, Containers
from doctor.model.missing import Missing

SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV",
    13: "SIGPIPE", 15: "SIGTERM",
}  # fmt: skip
FEW = 3
"""Ends within WINDOW_S that make a loop; fewer can be a deployment."""
WINDOW_S = 600


class Ends(Struct, frozen=True, kw_only=True):
    """The latest ends of a container that restarts, as far as they are known.

    Attributes:
        recent: ends within the last ten minutes as counted by the engine; 0 if it was not asked or does not answer.
        lasted_s: seconds of the last complete run, -1.0 if unknown.
        line: the last line of its log, as it may be shown; "" for an empty log or one that a driver sends elsewhere.
    """

    recent: int = 0
    lasted_s: float = -1.0
    line: str = ""


class RestartLoops(Struct, frozen=True, kw_only=True):
    """Container id → its ends, for each container in a loop. Empty on a healthy host.

    Attributes:
        items: in the order of ``Containers.items``.
        starved: ids of containers that run again after they were out of memory.
        services: swarm service → its failed tasks of the last ten minutes, the latest one first: swarm replaces a task instead of
            restarting its container.
        unread: of how many the log was not read, because there are too many.
        gaps: what could not be examined.
    """

    items: dict[str, Ends] = {}
    starved: frozenset[str] = frozenset()
    services: dict[str, tuple[str, ...]] = {}
    unread: int = 0
    gaps: tuple[Missing, ...] = ()


def waits(one: Container) -> bool:
    """Whether the engine waits before it starts the container again, at least the second time."""
    return one.state.restarting and one.should_run and one.restart_count > 1


def gave_up(one: Container) -> bool:
    """Whether the engine restarted the container as often as its policy allows, and it failed each time."""
    limit = one.host.max_retries if one.host is not None else 0
    is_over = one.state.word == "exited" and not one.state.error and one.state.exit_code != 0
    return is_over and one.should_run and 0 < limit <= one.restart_count


def may_loop(one: Container) -> bool:
    """Whether a container that runs at the moment was restarted, so that the engine is worth asking."""
    return one.state.word == "running" and one.should_run and one.restart_count > 0


def looping(containers: Containers, loops: RestartLoops) -> Iterator[tuple[Container, Ends]]:
    """Yield the containers in a loop with their ends."""
    return ((one, loops.items[one.id]) for one in containers.items if one.id in loops.items)


def ended(exit_code: int) -> str:
    """Return how a program ended, in words.

    >>> ended(3), ended(139), ended(255)
    ('with exit code 3', 'with exit code 139 (signal SIGSEGV)', 'with exit code 255')
    """
    name = SIGNALS.get(exit_code - 128)
    return f"with exit code {exit_code}" + (f" (signal {name})" if name else "")
