"""Containers that a stop of the engine stops, and the order in which they are started again."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.model.step import Stopped

_JOINED = "container:"


class Stopping(Struct, frozen=True, kw_only=True):
    """A running container that a stop of the engine stops.

    Attributes:
        container: its id, its name, whether it is paused.
        policy: its restart policy if the engine starts it by itself, "" if it does not.
        is_removed: whether it was run with ``--rm``: its stop removes it.
        has_files: whether it was run with ``--rm`` and wrote files outside of volumes, which are removed with it.
    """

    container: Stopped
    policy: str = ""
    is_removed: bool = False
    has_files: bool = False

    @property
    def fate(self) -> str:
        """The effect on the container, in one line of a plan."""
        name = self.container.name
        if self.is_removed:
            return f"container {name} stops and is removed: it was run with --rm"
        who = f"the engine starts it again (restart policy {self.policy})" if self.policy else "doctor starts it again"
        return f"container {name} stops; {who}"


def stopping(containers: Iterable[Container], with_files: Iterable[str] = ()) -> tuple[Stopping, ...]:
    """Return the running ones of ``containers``, each after those that it needs; ``with_files`` are ids (``--rm`` only).

    A container that joins the network, PID or IPC namespace of another, or links to it, can only start after it (moby
    daemon/start.go, daemon/container_operations.go).
    """
    running = {one.id: one for one in containers if one.state.running}
    written = frozenset(with_files)
    return tuple(
        Stopping(
            container=Stopped(id=one.id, name=one.title, paused=one.state.paused),
            policy=one.host.restart_policy if one.restarts_itself and one.host is not None else "",
            is_removed=one.host is not None and one.host.auto_remove,
            has_files=one.id in written,
        )
        for one in _in_order(running)
    )


def _in_order(running: dict[str, Container]) -> Iterator[Container]:
    by_name = {one.name: one.id for one in running.values()}
    given: set[str] = set()
    # Without recursion: the containers' files are untrusted and may have loops or long chains.
    for first in sorted(running.values(), key=lambda one: (one.created, one.id)):
        waiting = [first.id]
        on_the_way: set[str] = set()
        while waiting:
            here = waiting[-1]
            needed = [other for other in _needs(running[here], by_name) if other in running]
            left = [other for other in needed if other not in given and other not in on_the_way]
            if left and here not in given:
                on_the_way.add(here)
                waiting.extend(left)
                continue
            waiting.pop()
            if here not in given:
                given.add(here)
                yield running[here]


def _needs(one: Container, by_name: dict[str, str]) -> Iterator[str]:
    """Yield ids of the containers that this one needs to start."""
    host = one.host
    if host is None:
        return
    for mode in (host.network_mode, host.pid_mode, host.ipc_mode):
        if mode.startswith(_JOINED):
            other = mode.removeprefix(_JOINED)
            yield by_name.get(other, other)
    for link in host.links:
        # "/db:/web/alias": the other one's name, then the name of the link.
        name = link.partition(":")[0].lstrip("/")
        yield by_name.get(name, name)
