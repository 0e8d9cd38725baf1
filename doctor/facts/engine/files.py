"""The engine's pid files, sockets, identity, swarm files, runtime states and file locks."""

import re

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.text import is_one_bit_off


class PidFile(Struct, frozen=True, kw_only=True):
    """A pid file and the process it names.

    Attributes:
        owner: the program that writes it: ``dockerd`` or ``containerd``.
        path: the file.
        kind: kind letter of what is at the path, "" for nothing.
        pid: the pid in it, 0 if it is missing or invalid.
        process: the program of that process, "" if none runs, ``None`` if processes can't be listed.
        is_zombie: whether that process is a zombie: dockerd still regards it as running.
        is_elsewhere: whether it belongs to another engine: in a container, another mount namespace, or of another user.
    """

    owner: str
    path: HostPath
    kind: str
    pid: int = 0
    process: str | None = None
    is_zombie: bool = False
    is_elsewhere: bool = False

    @property
    def is_foreign(self) -> bool:
        """Whether it names a running process that is not its owner, or a zombie: its owner refuses to start."""
        return bool(self.process) and (self.is_zombie or self.process != self.owner)


class PidFiles(Struct, frozen=True, kw_only=True):
    """The pid files of the engine and of its own containerd.

    Attributes:
        items: those that exist.
        running: names of the engine's programs that run on this host.
        gaps: what could not be examined.
    """

    items: tuple[PidFile, ...]
    running: frozenset[str] = frozenset()
    gaps: tuple[Missing, ...] = ()


class SocketPath(Struct, frozen=True, kw_only=True):
    """A path on which the engine listens.

    Attributes:
        path: the socket.
        kind: kind letter of what is at the path, "" for nothing.
        is_empty: whether it is an empty directory.
        is_mount_point: whether something is mounted on it.
    """

    path: HostPath
    kind: str
    is_empty: bool = True
    is_mount_point: bool = False


class EngineSockets(Struct, frozen=True, kw_only=True):
    """The Unix sockets that the engine is configured to listen on."""

    items: tuple[SocketPath, ...]
    gaps: tuple[Missing, ...] = ()


class TrustKey(Struct, frozen=True, kw_only=True):
    """The key that an engine before 23.0 reads at its start; the key itself is not kept.

    Attributes:
        problem: why it can't be decoded, "" if it can.
    """

    path: HostPath
    problem: str = ""
    gaps: tuple[Missing, ...] = ()


class EngineId(Struct, frozen=True, kw_only=True):
    """``engine-id`` in the data root.

    Attributes:
        kind: kind letter of what is at the path, "" for nothing.
        text: its text; bytes that are not UTF-8 are U+FFFD.
        kept: the identity in the metadata backup of this root if it shows the text to be corrupt, else "".
        age: age of that backup, in words.
        gaps: what could not be examined.
    """

    path: HostPath
    kind: str
    text: str = ""
    kept: str = ""
    age: str = ""
    gaps: tuple[Missing, ...] = ()

    @property
    def is_fatal(self) -> bool:
        """Whether dockerd exits because of it: "error loading ID file", or a panic of its metrics, which accept only UTF-8."""
        return self.kind not in {"", "f"} or _NO_UTF8 in self.text

    @property
    def whole(self) -> str:
        """The identity, "" if it is missing or corrupt."""
        return "" if self.kind != "f" or _ID_DAMAGE.search(self.text) else self.text

    @property
    def has_form(self) -> bool:
        """Whether it has a form that engines write: a UUID, or before 24.0 the fingerprint of a key."""
        return self.kind == "f" and re.fullmatch(_ID_FORM, self.text) is not None

    def is_damage_of(self, other: str) -> bool:
        """Whether this is a corrupt copy of the other identity: it has no valid form, or a single flipped bit.

        Two random UUIDs differ in only one bit in one of 10^34 pairs.
        """
        if self.kind != "f" or self.text == other:
            return False
        return is_one_bit_off(self.text, other) or (not self.has_form and re.fullmatch(_ID_FORM, other) is not None)


# A truncated id (dockerd writes a random UUID), an empty one, or characters that no program writes.
_NO_UTF8 = "\ufffd"
_ID_FORM = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z2-7]{4}(?::[A-Z2-7]{4}){11}"
_ID_DAMAGE = re.compile(rf"\A[0-9a-f-]{{0,35}}\Z|[\x00-\x1f\x7f{_NO_UTF8}]")


class SwarmFiles(Struct, frozen=True, kw_only=True):
    """The files of a swarm node in ``swarm/``.

    Attributes:
        directory: ``swarm``.
        has_state: whether ``docker-state.json`` exists: this host is a swarm node.
        state_problem: what is wrong with it, "" if nothing; likewise ``peers_problem`` of ``state.json``.
        has_certificate: whether the node's certificate exists.
        raft_files: number of files in the raft log: a manager's services, secrets and configs.
    """

    directory: HostPath
    has_state: bool = False
    state_problem: str = ""
    peers_problem: str = ""
    has_certificate: bool = False
    raft_files: int = 0
    gaps: tuple[Missing, ...] = ()


class RuntimeState(Struct, frozen=True, kw_only=True):
    """runc's state of a container: a directory with its id below the exec root.

    Attributes:
        container_id: its name.
        path: the directory.
        pid: the container's first process as recorded by runc, 0 if it can't be read.
        started: its start in clock ticks since boot (field 22 of /proc/PID/stat), 0 if it can't be read.
        is_alive: whether that process, or a shim for this container, runs.
    """

    container_id: str
    path: HostPath
    pid: int
    is_alive: bool
    started: int = 0


class RuntimeStates(Struct, frozen=True, kw_only=True):
    """All of runc's state directories (``EXEC-ROOT/runtime-runc/moby``)."""

    items: tuple[RuntimeState, ...]
    gaps: tuple[Missing, ...] = ()

    def of(self, container_id: str) -> RuntimeState | None:
        """Return the state of a container, or ``None``."""
        return next((state for state in self.items if state.container_id == container_id), None)

    def process(self, container_id: str) -> str:
        """Return "PID:CONTAINER:FIRST-LAST", which the runtime needs to join a container's network; "" if runc has no record."""
        state = self.of(container_id)
        if state is None or not (state.pid and state.started and state.is_alive):
            return ""
        return f"{state.pid}:{container_id}:{state.started}-{state.started}"


class FileLock(Struct, frozen=True, kw_only=True):
    """A lock in /proc/locks.

    Attributes:
        pid: pid of the lock holder, 0 or less if it is in another PID namespace.
        device: st_dev of the file; ``inode`` its number.
        holder: program of the lock holder, "" if unknown.
        is_elsewhere: whether it belongs to another engine: in a container, or in another mount namespace.
    """

    pid: int
    device: int
    inode: int
    holder: str
    is_elsewhere: bool = False


class FileLocks(Struct, frozen=True, kw_only=True):
    """The flock(2) locks on this host."""

    items: tuple[FileLock, ...]

    def of(self, device: int, inode: int) -> tuple[FileLock, ...]:
        """Return the locks on a file."""
        return tuple(lock for lock in self.items if (lock.device, lock.inode) == (device, inode))
