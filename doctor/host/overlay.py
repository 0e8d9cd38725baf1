"""The host as it would be after some steps: a copy-on-write view, for predictions.

Nothing is written anywhere. A path is looked up at its nearest changed ancestor; paths that no step changed come from
the base host.
"""

import os
from collections.abc import Iterable, Iterator

from doctor.host.base import ApiAnswer, CommandResult, Host, Process, StatFs
from doctor.host.changes import PredictedChanges
from doctor.host.network_overlay import NetworkOverlay
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import (
    Answer,
    Attributes,
    CharacterDevice,
    Directory,
    File,
    HardLink,
    KernelValue,
    Meta,
    Move,
    Netlink,
    Node,
    Put,
    Reload,
    Run,
    Signal,
    Step,
    Symlink,
)
from doctor.model.view import Stat

_KIND: dict[type, str] = {File: "f", Directory: "d", Symlink: "l", CharacterDevice: "c"}


class _Changed:
    """One changed path: a new node, a subtree shown from elsewhere (``source``), or a removed path."""

    __slots__ = ("meta", "node", "source")

    def __init__(self, node: Node | None, meta: Meta | None, source: HostPath | None = None) -> None:
        self.node = node
        self.meta = meta
        self.source = source


class OverlayHost(NetworkOverlay):
    """A prediction over ``base``. Apply steps with ``apply``; read it like any host."""

    kind = "overlay"
    last_read: str = ""

    def __init__(self, base: Host) -> None:
        self.base = base
        self.name = base.name
        self.root = base.root
        self._changes: dict[str, _Changed] = {}
        self._attributes: dict[str, Attributes] = {}
        self._answers: dict[tuple[str, ...], Answer] = {}
        self._parents: dict[str, str] = {}
        self._gone: set[int] = set()
        self._ended: dict[tuple[str, ...], int] = {}

    def apply(self, step: Step) -> None:
        """Apply a step to the prediction."""
        self._change_network(step)
        match step:
            case Put(path=path, node=HardLink(target=target)):
                # A hard link to a file that an earlier step created: the base host does not have it.
                self._changes[path] = self._new(HostPath(target)) or _Changed(None, None, HostPath(target))
            case Put(path=path, node=node, meta=meta):
                if isinstance(node, Directory) and self._kind(HostPath(path)) == "d":
                    return
                self._changes[path] = _Changed(node, meta or self._meta_of(HostPath(path)))
            case Move(path=path, to=to):
                self._move(HostPath(path), to)
            case Attributes(path=path):
                self._attributes[path] = step
            case KernelValue(path=path, value=value, also=also):
                node = File(content=value.encode() + b"\n")
                self._changes.update({other: _Changed(node, Meta()) for other in (path, *also)})
            case Run(predicts=predicts, ends=ends, makes=makes):
                self._gone.update(ends)
                self._changes.update({made.path: _Changed(Directory(), Meta(mode=made.mode)) for made in makes})
                if step.until == "listens":
                    self._gone.discard(self._ended.get(step.argv, 0))
                self._answers.update({answer.ask: answer for answer in predicts})
            case Netlink(predicts=predicts) | Reload(predicts=predicts):
                self._answers.update({answer.ask: answer for answer in predicts})
            case Signal(predicts=predicts, pid=pid, restart=restart):
                self._gone.add(pid)
                if restart is not None and restart.until == "listens":
                    # A containerd only shows that it runs: the prediction of a restarted one equals its earlier state.
                    self._ended[restart.argv] = pid
                self._answers.update({answer.ask: answer for answer in predicts})

    def changes(self) -> PredictedChanges:
        """Return what the steps taken so far change."""
        nothing = _Changed(None, None, HostPath("."))
        paths: dict[str, object] = {}
        links: dict[str, str] = {}
        for path in self._changes.keys() | self._attributes.keys():
            change = self._changes.get(path, nothing)
            paths[path] = (change.node, change.meta, change.source, self._attributes.get(path))
            if isinstance(change.node, Symlink):
                links[path] = self._target(HostPath(path))
        return PredictedChanges(paths, dict(self._answers), frozenset(self._gone), links)

    def touches(self, top: HostPath) -> bool:
        """Whether a step changes anything at ``top``, beneath it or above it."""
        beneath = top.rstrip("/") + "/"
        changed = any(path.startswith(beneath) for where in (self._changes, self._attributes) for path in where)
        return changed or self._nearest(top) is not None or top in self._attributes

    def _move(self, path: HostPath, to: str) -> None:
        below = [key for key in self._changes if key.startswith(path.rstrip("/") + "/")]
        if to:
            there = self._changes.get(path) or _Changed(None, None, self._source(path))
            self._changes[to] = there
            for key in below:
                self._changes[to + key[len(path) :]] = self._changes[key]
        for key in below:
            del self._changes[key]
        self._changes[path] = _Changed(None, None)

    def _nearest(self, path: str) -> tuple[_Changed, str] | None:
        """Return the nearest change at or above ``path`` and the rest of the path beneath it."""
        here = path
        while True:
            change = self._changes.get(here)
            if change is not None:
                return change, path[len(here) :]
            if here in {"/", ""}:
                return None
            here = here.rpartition("/")[0]

    def _source(self, path: HostPath) -> HostPath | None:
        """Return the base host's path for ``path``, or ``None`` if it is new or removed."""
        found = self._nearest(path)
        if found is None:
            return path
        change, rest = found
        if change.source is not None:
            return HostPath(change.source + rest)
        if isinstance(change.node, Directory) and rest:
            return None
        return None

    def _new(self, path: HostPath) -> _Changed | None:
        found = self._nearest(path)
        if found is not None and not found[1] and found[0].node is not None:
            return found[0]
        return None

    def _below(self, path: HostPath) -> HostPath:
        source = self._source(path)
        if source is None:
            raise HostError(Missing(Why.ABSENT, f"{path}: no such file or directory"))
        return source

    def _place(self, path: HostPath, *, follow: bool) -> HostPath:
        """Return the path with links above it resolved if a step changed the target (/var/run is a link on any host),
        else the path.

        Steps name resolved paths.
        """
        if not follow or not self._changes or self._nearest(path) is not None:
            return path
        above, _, name = path.rpartition("/")
        if above not in self._parents:
            try:
                self._parents[above] = self.base.resolve(HostPath(above or "/"))
            except HostError:
                self._parents[above] = above
        place = HostPath(f"{self._parents[above].rstrip('/')}/{name}")
        return path if self._nearest(place) is None else place

    def _kind(self, path: HostPath) -> str:
        try:
            return self.lstat(path).kind
        except HostError:
            return ""

    def _meta_of(self, path: HostPath) -> Meta | None:
        try:
            found = self.lstat(path)
        except HostError:
            return None
        return Meta(mode=found.mode, uid=found.uid, gid=found.gid)

    def is_live(self) -> bool:
        """As the base host."""
        return self.base.is_live()

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the predicted content."""
        self.last_read = path
        if self._gone and path == "/proc/locks":
            return self._locks(self.base.read(path, follow=follow, limit_bytes=limit_bytes))
        if ("READ", path) in self._answers:
            return self._answers["READ", path].stdout
        if not self._changes:
            return self.base.read(path, follow=follow, limit_bytes=limit_bytes)
        target = self._target(path) if follow else path
        if self._nearest(target) is None:
            # Asked as it was asked here, so that a refusal names the same path: unless only a predicted link leads there.
            asked = path if target in {path, self._target(path, self.base)} else target
            return self.base.read(asked, follow=follow, limit_bytes=limit_bytes)
        change = self._new(target)
        if change is None:
            return self.base.read(self._below(target), follow=follow, limit_bytes=limit_bytes)
        if isinstance(change.node, File):
            return change.node.content
        raise HostError(Missing.undecodable(path, "not a file"))

    def _target(self, path: HostPath, host: Host | None = None) -> HostPath:
        try:
            return (host or self).resolve(path)
        except HostError:
            return path

    def _locks(self, raw: bytes) -> bytes:
        """Omit the locks of processes that a step ends (``1: FLOCK  ADVISORY  WRITE 42 fd:00:1234 0 EOF``)."""
        gone = {str(pid).encode() for pid in self._gone}
        return b"".join(line for line in raw.splitlines(keepends=True) if gone.isdisjoint(line.split()[4:5]))

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open a file that no step changed; a predicted file has no descriptor."""
        self.last_read = path
        if self._new(path) is not None:
            raise HostError(Missing(Why.UNSUPPORTED, f"{path}: a predicted file can't be opened"))
        return self.base.open_fd(self._below(path), follow=follow)

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return the predicted stat; inode and device of a new file are 0."""
        path = self._place(path, follow=follow)
        change = self._new(path)
        if change is None:
            found = self.base.lstat(self._below(path), follow=follow)
        else:
            meta = change.meta or Meta(mode=0o755 if isinstance(change.node, Directory) else 0o644)
            size = len(change.node.content) if isinstance(change.node, File) else 0
            kind = _KIND[type(change.node)] if change.node is not None else "?"
            number = os.makedev(change.node.major, change.node.minor) if isinstance(change.node, CharacterDevice) else 0
            found = Stat(kind, meta.mode, meta.uid, meta.gid, size, meta.mtime_ns or 0, 0, 0, number, 1)
        over = self._attributes.get(path)
        if over is None:
            return found
        return Stat(
            found.kind,
            found.mode if over.mode is None else over.mode,
            found.uid if over.uid is None else over.uid,
            found.gid if over.gid is None else over.gid,
            found.size,
            found.mtime_ns if over.mtime_ns is None else over.mtime_ns,
            found.inode,
            found.device,
            found.rdev,
            found.nlink,
        )

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth time of a path that no step created, else zeros."""
        path = self._place(path, follow=False)
        return (0, 0) if self._new(path) is not None else self.base.birth(self._below(path))

    def exists(self, path: HostPath) -> bool:
        """Whether ``path`` would exist."""
        return bool(self._kind(path))

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a predicted link's target."""
        path = self._place(path, follow=follow)
        change = self._new(path)
        if change is None:
            return self.base.readlink(self._below(path), follow=follow)
        if isinstance(change.node, Symlink):
            return change.node.target
        raise HostError(Missing(Why.UNREADABLE, f"{path}: invalid argument"))

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield the predicted entries."""
        path = self._place(path, follow=follow)
        change = self._new(path)
        if change is not None and isinstance(change.node, Symlink) and follow:
            path = self._target(path)
            change = self._new(path)
        if change is not None and not isinstance(change.node, Directory):
            raise HostError(Missing.undecodable(path, "not a directory"))
        names: dict[str, str] = {}
        source = self._source(path)
        if source is not None:
            names.update(self.base.scandir(source, follow=follow))
        elif self._new(path) is None:
            raise HostError(Missing(Why.ABSENT, f"{path}: no such file or directory"))
        top = path.rstrip("/") + "/"
        for key in self._changes:
            if key.startswith(top) and "/" not in key[len(top) :]:
                name = key[len(top) :]
                kind = self._kind(HostPath(key))
                if kind:
                    names[name] = kind
                else:
                    names.pop(name, None)
        yield from names.items()

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the predicted names, sorted."""
        return sorted(name for name, _ in self.scandir(path, follow=follow))

    def resolve(self, path: HostPath) -> HostPath:
        """Return ``path`` with links followed: those of the base host, then a predicted one at the end."""
        path = self._place(path, follow=True)
        change = self._new(path)
        if change is not None:
            if isinstance(change.node, Symlink):
                target = change.node.target
                joined = target if target.startswith("/") else f"{parent(path)}/{target}"
                return self.base.resolve(HostPath(joined))
            return path
        return self.base.resolve(path)

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return the predicted extended attributes."""
        change = self._new(path)
        found = dict((change.meta or Meta()).xattrs) if change else self.base.xattrs(self._below(path))
        over = self._attributes.get(path)
        for key, value in (over.xattrs if over else {}).items():
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value
        return found

    def flags(self, path: HostPath) -> int:
        """Return the predicted inode flags."""
        over = self._attributes.get(path)
        if over is not None and over.flags is not None:
            return over.flags
        change = self._new(path)
        return (change.meta or Meta()).flags if change else self.base.flags(self._below(path))

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the predicted entries that are immutable or append-only."""
        found = {}
        for name in names:
            here = path if name == "." else join(path, name)
            over, change = self._attributes.get(here), self._new(here)
            if over is not None and over.flags is not None:
                flags = over.flags
            elif change:
                flags = (change.meta or Meta()).flags
            else:
                below = self._below(path)
                flags = self.base.held(below, (name,)).get(name, 0)
            if flags & 0x30:
                found[name] = flags & 0x30
        return found

    def is_mount_point(self, path: HostPath) -> bool:
        """As the base host: no step mounts anything, and a replaced path stays mounted."""
        return self.base.is_mount_point(path)

    def statfs(self, path: HostPath) -> StatFs:
        """Return the base host's file system numbers; a prediction moves no blocks."""
        return self.base.statfs(path)

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Return the predicted answer, else the real one."""
        predicted = self._answers.get(argv)
        if predicted is not None:
            return CommandResult(predicted.exit, predicted.stdout, b"")
        return self.base.run(argv, timeout_s=timeout_s, stdin=stdin)

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Return the predicted answer (``exit`` is the status, 0: no listener), else the real one."""
        predicted = self._answers.get(("GET", path)) or self._answers.get(("GET", "*"))
        if predicted is None:
            return self.base.engine(path, timeout_s=timeout_s, socket=socket)
        if not predicted.exit:
            raise HostError(Missing(Why.ABSENT, "the engine is predicted to be stopped"))
        return ApiAnswer(predicted.exit, predicted.stdout)

    def processes(self) -> tuple[Process, ...]:
        """Return the processes that no step ends."""
        return tuple(process for process in self.base.processes() if process.pid not in self._gone)
