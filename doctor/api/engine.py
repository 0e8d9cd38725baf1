"""The engine interface: everything that the rooms ask about one engine, and the only thing that they know of it.

An engine is the program that keeps images and containers in a data root: Docker Engine, or a containerd by itself. Each has a
folder ``NAME`` with a module ``engine`` that defines ``ENGINE``; see "Add an engine" in CONTRIBUTING.md. A method that an engine
does not define answers that there is no such thing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from doctor.model.paths import HostPath

if TYPE_CHECKING:
    from doctor.facts.engine.control import EngineControl
    from doctor.host.base import Host
    from doctor.model.expected import Asked, Expected
    from doctor.model.missing import Missing
    from doctor.model.root_identity import Likeness, RootIdentity
    from doctor.model.step import Reload, StartContainers, Stopped
    from doctor.state.metadata import KeptLayerRecord, KeptMountRecord

Ask = Callable[[type], Any]
"""Returns a fact of the host, or the ``Missing`` in its place."""


class Kept(Struct, frozen=True):
    """A file for the metadata backup: its name in the backup, mostly its path relative to the data root, and its full path."""

    name: str
    path: HostPath


class Root(Struct, frozen=True, kw_only=True):
    """The data root of an engine on one host.

    Attributes:
        path: the real directory.
        places: other directories of it: those that were moved to another disk.
        identity: identifies it, also after a copy.
        likeness: compares it with a recorded identity.
    """

    path: HostPath
    places: tuple[HostPath, ...] = ()
    identity: "RootIdentity"
    likeness: "Callable[[RootIdentity], Likeness]"


class BackupFiles(Struct, frozen=True, kw_only=True):
    """The small files of a healthy data root that nothing else on the host can replace.

    Attributes:
        files: the least replaceable first: the last ones are dropped if the limit is exceeded.
        layers: short texts of layer records, by chain ID; ``mounts`` of mount records, by container ID.
    """

    files: Iterable[Kept]
    layers: "dict[str, KeptLayerRecord]" = {}
    mounts: "dict[str, KeptMountRecord]" = {}


class Engine:
    """One engine.

    Attributes:
        name: its folder; ``title`` is its display name, ``noun`` how a sentence calls it.
        stands_on: engines that run below this one: it stops before them and starts after them.
        processes: names of the processes that hold its data root.
        sockets: where it usually answers.
        databases: files below its data root whose lock shows a holder: a process of the engine keeps an exclusive lock on each,
            by flock or fcntl, as long as it works there.
        default_root: its usual data root.
        marks: names in a data root that identify it; of two engines the one with more of them there counts. ``likely`` are paths of a
            data root inside another directory.
        area: the area of the checks that judge its data root.
        backups: the directory of its metadata backups, in doctor's state directory.
        log: the advice how to read its log.
    """

    name: str
    title: str
    noun: str = "the engine"
    stands_on: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    sockets: tuple[HostPath, ...] = ()
    databases: tuple[str, ...] = ()
    default_root: HostPath
    marks: frozenset[str] = frozenset()
    likely: tuple[str, ...] = ()
    area: str = ""
    log: str = "read its log"

    @property
    def backups(self) -> str:
        """The directory of its metadata backups."""
        return f"metadata-{self.name}"

    # Host and scan

    def changing(self, ask: Ask) -> tuple[HostPath, ...]:
        """Return the places that get a new time of change with each container, if the engine may be changing something."""
        return ()

    def root(self, host: "Host", ask: Ask) -> Root | None:
        """Return its data root on this host; ``None`` if it is missing.

        Without it, a repair below the data root asks for no lock, proves nothing about it, and an undo can't recognise it.
        ``births`` and ``file_system`` in ``doctor.collect.backup.root_identity`` read the traits of its identity that any directory has.
        """
        return None

    def ask_at(self, host: "Host", path: str, ask: Ask) -> Ask:
        """Return the facts of the same host with the data root at ``path``, whatever the settings name now."""
        return ask

    # Stop, start, reload

    def control(self, ask: Ask) -> "EngineControl | Missing | None":
        """Return how it is stopped and started on this host; ``None`` if there is nothing to stop.

        Nothing is written into its data root while a process holds one of ``databases``, with a control or without.
        """
        return None

    def answers(self, socket: str) -> bool:
        """Whether it answers at this socket, "" for the usual one: a connection is enough."""
        from doctor.host import engine_socket  # noqa: PLC0415 - only a repair waits for an engine

        places = (socket,) if socket else self.sockets
        return any(engine_socket.listens(place) for place in places)

    def reload(self, step: "Reload") -> None:
        """Make the running engine read its settings, and wait until it has. Raises ``RepairError``."""
        raise NotImplementedError

    def start_containers(self, step: "StartContainers") -> None:
        """Start containers that are stopped, in order. Raises nothing: the proof asks for each."""

    def not_running(self, step: "StartContainers") -> "tuple[Stopped, ...]":
        """Return the containers of a step that do not run now."""
        return ()

    def start_command(self, container: str) -> str:
        """Return the command that starts a container."""
        return f"start {container}"

    # Before and after a repair

    def present(self, ask: Ask) -> "Expected":
        """Return what is whole in the data root."""
        from doctor.model.expected import Expected  # noqa: PLC0415 - the values of a report cost a scan 5 ms

        return Expected()

    def expected(self, before: Ask, after: Ask) -> "Expected":
        """Return what must be there after a plan, by the facts before it and those that it predicts."""
        return self.present(before).with_(self.present(after))

    def standing(self, ask: Ask) -> "Expected":
        """Return what is whole or listed, to see later what was added after a repair."""
        return self.present(ask)

    def prove(self, host: "Host", socket: str, expected: "Expected") -> "Asked | None":
        """Ask the running engine for everything that must be there; ``None`` if it can't be asked."""
        return None

    def why_stopped(self, host: "Host", socket: str, wanted: dict[str, str]) -> tuple[str, ...]:
        """Return why each of these containers (id → name) does not run; wait a moment for those that are starting."""
        return ()

    def listed_in(self, name: str) -> str:
        """Return the kind of ``Expected`` that a file below the data root lists, "" for any other file."""
        return ""

    def is_of_one(self, name: str) -> bool:
        """Whether this is the directory of one container, volume or layer, which the engine does not create by itself."""
        return False

    def is_settings(self, name: str) -> bool:
        """Whether this is a file of a container's own settings, which the engine rewrites."""
        return False

    def changed_settings(self, name: str, left: bytes, now: bytes, there: "Expected") -> tuple[str, ...]:
        """Return what a user changed in a file of settings below the data root, since a repair ``left`` it."""
        return ()

    # Backup and salvage

    def backup(self, host: "Host", ask: Ask) -> BackupFiles | None:
        """Return what the metadata backup of its data root keeps; ``None`` for an engine without backups.

        A file ``*.db`` must be a bolt database, and one named with 64 hex digits must have that sha256. A collector reads the backup with
        ``doctor.collect.backup.kept.RootBackups``.
        """
        return None

    def salvage(self, host: "Host", ask: Ask) -> Any:
        """Return what can be copied out of its data root without the engine, a ``doctor.salvage.reader.Salvage``, or ``None``."""
        return None


def stop_order(engines: Iterable[Engine]) -> Iterator[Engine]:
    """Yield engines in stop order: one that depends on another stops before it."""
    left = list(engines)
    while left:
        below = {name for one in left for name in one.stands_on}
        # Two that depend on each other have no order.
        top = [one for one in left if one.name not in below] or left
        yield from top
        left = [one for one in left if one not in top]
