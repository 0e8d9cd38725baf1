"""Several engines on one host, and which of them answers docker commands."""

from msgspec import Struct

from doctor.model.paths import HostPath


class RunningEngine(Struct, frozen=True, kw_only=True):
    """One dockerd of the host itself.

    Attributes:
        program: its executable.
        root: its data root, by its command line.
        wants_socket: whether its command line lets it listen at the usual socket.
    """

    pid: int
    program: str
    root: HostPath
    wants_socket: bool = True


class Engines(Struct, frozen=True, kw_only=True):
    """All engines that run as root in the host's own namespaces, not those in containers or of users.

    Attributes:
        items: the engines, the one that doctor examines first.
        answering: the data root of the one that answers at the usual socket, "" if unknown.
    """

    items: tuple[RunningEngine, ...] = ()
    answering: str = ""

    @property
    def rivals(self) -> tuple[RunningEngine, ...]:
        """Return the engines with different data roots that want the same socket, () for fewer than two."""
        found = tuple(one for one in self.items if one.wants_socket)
        return found if len({one.root for one in found}) > 1 else ()

    @property
    def reached(self) -> RunningEngine | None:
        """Return the engine that answers docker commands, ``None`` if it is unknown."""
        return next((one for one in self.items if one.root == self.answering), None)
