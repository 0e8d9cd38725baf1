"""Changes of files: write, edit in place, move to quarantine, set attributes."""

from collections.abc import Callable, Iterator

from msgspec import field

from doctor.api.actions.base import Intention, WordedIntention
from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, parent
from doctor.model.step import Attributes, Directory, File, Meta, Move, Put, Step, Symlink
from doctor.model.view import View


def read_or_none(view: View, path: HostPath) -> bytes | None:
    """Return a file's content, ``None`` if it does not exist; raises ``HostError`` if it can't be read."""
    try:
        return view.read(path)
    except HostError as error:
        if error.is_absent:
            return None
        raise


def missing_parents(view: View, path: HostPath, mode: int = 0o755) -> Iterator[Step]:
    """Yield the missing directories above ``path``, topmost first."""
    needed: list[HostPath] = []
    here = parent(path)
    while here != "/" and not view.exists(here):
        needed.append(here)
        here = parent(here)
    for directory in reversed(needed):
        yield Put(path=directory, node=Directory(), meta=Meta(mode=mode))


class WriteFile(WordedIntention, frozen=True, kw_only=True):
    """Write ``path`` as a regular file with this content; missing parent directories are created.

    Attributes:
        what: imperative summary ("write the computed parent of layer 4f2a…").
        meta: mode, owner, xattrs; ``None`` keeps those of the replaced file (0644 root for a new file).
    """

    path: HostPath
    content: bytes
    meta: Meta | None = None
    stage: Stage = Stage.CONFIG

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the write, nothing if the file is already as wanted."""
        try:
            found = view.lstat(self.path)
        except HostError as error:
            if not error.is_absent:
                raise
            yield from missing_parents(view, self.path)
        else:
            if found.kind == "f" and self.meta is None and view.read(self.path, follow=False) == self.content:
                return
        yield Put(path=self.path, node=File(content=self.content), meta=self.meta)


class EditFile(WordedIntention, frozen=True, kw_only=True):
    """Change a file in place; ``edit`` is a pure function old bytes → new bytes that keeps everything else.

    A symbolic link is followed: its target is edited. Several edits of one file are applied one after the other.

    Attributes:
        what: imperative summary ("set log-driver to json-file in /etc/docker/daemon.json").
        create: whether a missing file counts as empty; otherwise it is not created.
        origin: the file whose content a missing file begins with.
    """

    path: HostPath
    edit: Callable[[bytes], bytes]
    create: bool = False
    origin: HostPath | None = None
    stage: Stage = Stage.CONFIG

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the edited file, nothing if the edit is a no-op."""
        path = view.resolve(self.path)
        old = read_or_none(view, path)
        if old is None and not self.create:
            return
        model = read_or_none(view, self.origin) if old is None and self.origin else old
        new = self.edit(model or b"")
        if new == old:
            return
        if old is None:
            yield from missing_parents(view, path)
        yield Put(path=path, node=File(content=new))


class Quarantine(Intention, frozen=True, kw_only=True):
    """Move ``path`` to the run's quarantine; ``doctor undo`` restores it."""

    path: HostPath
    why: str
    stage: Stage = Stage.CLEAR

    @property
    def summary(self) -> str:
        """Return its effect and reason."""
        return f"move {self.path} to quarantine: {self.why}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the move, nothing if the path does not exist."""
        if view.exists(self.path):
            yield Move(path=self.path)


class CopyAside(Intention, frozen=True, kw_only=True):
    """Copy a small file, or the files of a small directory, before a later step or an engine's start destroys it.

    The copies are below ``to``; ``path`` is not changed.
    """

    path: HostPath
    to: HostPath
    why: str
    stage: Stage = Stage.GUARD

    @property
    def summary(self) -> str:
        """Return its effect and reason."""
        return f"copy {self.path} to {self.to}: {self.why}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the copies, with mode, owner and xattrs."""
        yield from missing_parents(view, self.to, 0o700)
        yield from _copy(view, self.path, self.to)


def _copy(view: View, path: HostPath, to: HostPath) -> Iterator[Step]:
    try:
        found = view.lstat(path, follow=False)
    except HostError as error:
        if error.is_absent:
            return
        raise
    meta = Meta(mode=found.mode, uid=found.uid, gid=found.gid, mtime_ns=found.mtime_ns)
    if found.kind == "f":
        content = view.read(path, follow=False, limit_bytes=1 << 30)
        # An earlier run may have copied it already.
        if not (view.exists(to) and view.lstat(to).kind == "f" and view.read(to, limit_bytes=1 << 30) == content):
            yield Put(path=to, node=File(content=content), meta=meta)
    elif found.kind == "l" and not view.exists(to):
        yield Put(path=to, node=Symlink(target=view.readlink(path, follow=False)))
    elif found.kind == "d":
        if not view.exists(to):
            yield Put(path=to, node=Directory(), meta=meta)
        for name in view.listdir(path, follow=False):
            yield from _copy(view, HostPath(f"{path}/{name}"), HostPath(f"{to}/{name}"))


class MakeSymlink(WordedIntention, frozen=True, kw_only=True):
    """Create the symbolic link ``path`` to ``target``; an existing file goes to the journal's backup."""

    path: HostPath
    target: str
    stage: Stage = Stage.LINKS

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the link, nothing if it is already as wanted."""
        try:
            found = view.lstat(self.path)
        except HostError as error:
            if not error.is_absent:
                raise
            yield from missing_parents(view, self.path, 0o700)
        else:
            if found.kind == "l" and view.readlink(self.path) == self.target:
                return
        yield Put(path=self.path, node=Symlink(target=self.target))


class MakeSymlinks(WordedIntention, frozen=True, kw_only=True):
    """Create several symbolic links as ``MakeSymlink`` does: path → target."""

    links: dict[HostPath, str]
    stage: Stage = Stage.LINKS

    def steps(self, view: View) -> Iterator[Step]:
        """Yield those that are not yet as wanted."""
        for path, target in self.links.items():
            yield from MakeSymlink(path=path, target=target, what=self.what).steps(view)


class SetAttributes(WordedIntention, frozen=True, kw_only=True):
    """Set mode, owner, xattrs or inode flags of ``path``; fields of ``None`` are not changed."""

    path: HostPath
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    flags: int | None = None
    xattrs: dict[str, bytes | None] = field(default_factory=dict)
    stage: Stage = Stage.CLEAR

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the change."""
        if view.exists(self.path):
            yield Attributes(
                path=self.path, mode=self.mode, uid=self.uid, gid=self.gid, flags=self.flags, xattrs=self.xattrs
            )


def allow_to_run(path: str) -> SetAttributes:
    """Set the mode of a program to that of packages."""
    return SetAttributes(
        path=HostPath(path), what=f"make {path} executable (mode 0755)", mode=0o755, stage=Stage.CONFIG
    )
