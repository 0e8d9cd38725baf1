"""The reversible primitives that every action consists of.

Journal, prediction, apply and undo know only these, so a new action changes none of them. Each step has an inverse that
consists of steps (``doctor.repair.undo.undo``).
"""

import msgspec

from doctor.model.paths import is_beneath


class File(msgspec.Struct, tag="file", frozen=True, kw_only=True):
    """A regular file: its content as bytes, or ``blob``, a file of the run's directory that holds large content."""

    content: bytes = b""
    blob: str = ""


class Directory(msgspec.Struct, tag="directory", frozen=True, kw_only=True):
    """A directory; one that exists keeps its entries."""


class Symlink(msgspec.Struct, tag="symlink", frozen=True, kw_only=True):
    """A symbolic link to ``target``, never followed."""

    target: str


class CharacterDevice(msgspec.Struct, tag="device", frozen=True, kw_only=True):
    """A character device; overlay whiteouts are 0/0."""

    major: int
    minor: int


class HardLink(msgspec.Struct, tag="hardlink", frozen=True, kw_only=True):
    """Another name of the regular file at ``target`` (absolute path on the host)."""

    target: str


Node = File | Directory | Symlink | CharacterDevice | HardLink


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Mode bits (``0o644``), owner, extended attributes, modification time (ns; ``None``: now), inode flags.

    ``flags`` are those of FS_IOC_GETFLAGS that doctor restores (immutable 0x10, append-only 0x20).
    """

    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    xattrs: dict[str, bytes] = {}
    mtime_ns: int | None = None
    flags: int = 0


class Put(msgspec.Struct, tag="put", frozen=True, kw_only=True):
    """Replace ``path`` by this node, atomically; the journal keeps the original.

    ``meta`` of ``None`` keeps mode, owner and xattrs of the original (0644 root for a new file, 0755 for a directory).
    A file with hard links is written in place, so that all names keep the same content; ``unlinks`` makes it a separate
    file instead, as before a step made it a hard link.
    """

    path: str
    node: Node
    meta: Meta | None = None
    unlinks: bool = False


class Move(msgspec.Struct, tag="move", frozen=True, kw_only=True):
    """Rename ``path`` to ``to``; an empty ``to`` means the quarantine of this run.

    An existing ``to`` goes into quarantine first. With ``may_fail``, a missing ``path`` is a no-op (a reversal).
    """

    path: str
    to: str = ""
    may_fail: bool = False


class Attributes(msgspec.Struct, tag="attributes", frozen=True, kw_only=True):
    """Set mode, owner, xattrs and flags of ``path``, without touching its content. ``None`` fields stay."""

    path: str
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    xattrs: dict[str, bytes | None] = {}
    flags: int | None = None
    mtime_ns: int | None = None


class KernelValue(msgspec.Struct, tag="kernel", frozen=True, kw_only=True):
    """Write ``value`` to a file of /proc/sys or /sys. ``also`` names files that the kernel changes with it: undo
    restores them too. With ``may_fail``, a missing file is a no-op (a reversal: the interface went with its container).
    """

    path: str
    value: str
    also: tuple[str, ...] = ()
    may_fail: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Predicted result of a command, an API request (``("GET", "/_ping")``) or a file (``("READ",
    "/proc/self/mountinfo")``).
    """

    ask: tuple[str, ...]
    stdout: bytes = b""
    exit: int = 0


class MadeDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """A directory that a command makes, for the prediction."""

    path: str
    mode: int = 0o755


class Run(msgspec.Struct, tag="run", frozen=True, kw_only=True):
    """Run a command that has a reversal.

    Attributes:
        argv: the command; no shell.
        stdin: its input.
        undo: commands that undo it, in order; each must be a no-op if the command had no effect.
        undo_stdin: one stdin per undo command ("" if shorter).
        timeout_s: seconds until it is killed and counts as failed.
        predicts: its changes, for the prediction.
        detach: start it in its own session and do not wait (an engine that was started by hand).
        cwd: working directory for a detached command.
        env: environment for a detached command; empty means doctor's own clean one.
        stdout: file a detached command writes to (append); "" means /dev/null.
        until: for engine commands, wait until the engine answers ("up"), has stopped ("down"), or the socket accepts
            connections ("listens": containerd).
        engine: name of that engine, "" for the first one.
        socket: where it answers, "" for its usual socket.
        may_fail: whether a non-zero exit is accepted (a reversal of something that had no effect).
        ends: processes that end with it (an engine stopped by its unit), for the prediction.
        makes: directories that exist afterwards, for the prediction.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    undo: tuple[tuple[str, ...], ...] = ()
    undo_stdin: tuple[bytes, ...] = ()
    timeout_s: float = 30.0
    predicts: tuple[Answer, ...] = ()
    detach: bool = False
    cwd: str = "/"
    env: dict[str, str] = {}
    stdout: str = ""
    until: str = ""
    engine: str = ""
    socket: str = ""
    may_fail: bool = False
    ends: tuple[int, ...] = ()
    makes: tuple[MadeDirectory, ...] = ()


class Signal(msgspec.Struct, tag="signal", frozen=True, kw_only=True):
    """Send a signal to a process with this start time, and wait until it ends.

    ``start_ticks`` is field 22 of /proc/PID/stat: a reused pid is never signalled. ``restart`` is its reversal.
    """

    pid: int
    start_ticks: int
    signal: int
    timeout_s: float = 30.0
    predicts: tuple[Answer, ...] = ()
    restart: Run | None = None


RULES = "network-rules"
"""First word of a predicted answer: how many rules the chains of a network namespace have; the second is its inode."""
SETTING = "network-setting"
"""First word of a predicted answer: a setting's value in a network namespace; then its inode, and the key."""


class Netlink(msgspec.Struct, tag="netlink", frozen=True, kw_only=True):
    """One request to rtnetlink and its reversal, as ``pyroute2`` names them.

    ``do`` and ``undo`` are (object, command, arguments): ``("link", "set", {"ifname": "docker0", "state": "up"})``.

    Attributes:
        pid: a process in the network namespace to change, 0 for the host's, and ``inode`` of that namespace: if the process has
            another one now, or none, the container has gone, and with it what an undo would reverse.
    """

    do: tuple[str, str, dict[str, str | int]]
    undo: tuple[str, str, dict[str, str | int]] | None = None
    pid: int = 0
    inode: int = 0
    predicts: tuple[Answer, ...] = ()
    may_fail: bool = False


class Reload(msgspec.Struct, tag="reload", frozen=True, kw_only=True):
    """Make a running engine reload its settings file (SIGHUP), and wait until it confirms the reload.

    No container stops. Its reversal is another reload, after the file is restored.
    """

    pid: int
    start_ticks: int
    engine: str = ""
    socket: str = ""
    timeout_s: float = 20.0
    predicts: tuple[Answer, ...] = ()


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """A container that stops with the engine and must be restarted: its full id, its name, whether it was paused."""

    id: str
    name: str
    paused: bool = False


class StartContainers(msgspec.Struct, tag="start-containers", frozen=True, kw_only=True):
    """Restart containers through the engine, in this order; a no-op for those that run already.

    A failed start is not a failure of the step: the probes report it.
    """

    containers: tuple[Stopped, ...]
    engine: str = ""
    socket: str = ""


Step = Put | Move | Attributes | KernelValue | Run | Signal | Netlink | Reload | StartContainers


def places(step: Step) -> tuple[str, ...]:
    """Return the paths that a step changes on the host: both ends of a move, since its reversal writes at ``to``."""
    ends = (getattr(step, "path", ""), step.to if isinstance(step, Move) else "")
    return tuple(end.removeprefix("host:") for end in ends if end)


def touches(step: Step, tops: tuple[str, ...]) -> bool:
    """Whether a step writes below one of these directories."""
    return any(is_beneath(path, top) for path in places(step) for top in tops)
