"""A case: a broken host as data, and what is expected of doctor on it."""

import os
import shutil
import socket
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doctor.host.answers import load as load_answers
from doctor.host.recorded import Answers, RootHost
from doctor.host.syscalls import APPEND_ONLY, IMMUTABLE, get_flags, set_flags

CASES = Path(__file__).parent
HELD = IMMUTABLE | APPEND_ONLY


@dataclass(frozen=True, kw_only=True)
class Case:
    """One folder ``AREA/PROBLEM/NAME``.

    Attributes:
        findings: expected (id, subject kind, subject name), sorted.
        fix: ``resolved``, ``manual`` or ``none``.
        select: areas whose checks must find exactly this.
        base: trees of ``AREA/_base`` that the host tree is laid over, in order.
        absent: paths of those that are removed before.
    """

    folder: Path
    about: str
    findings: list[tuple[str, str, str]]
    fix: str
    select: tuple[str, ...]
    files: list[dict[str, Any]] = field(default_factory=list)
    base: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the folder beneath the cases directory."""
        return str(self.folder.relative_to(CASES))

    @property
    def check(self) -> str:
        """Return the id of the check that the case is about."""
        area, problem, _ = self.folder.relative_to(CASES).parts
        return f"{area}/{problem}"

    def let_go(self, where: Path) -> None:
        """Clear the inode flags that the case set: nobody could remove the tree."""
        for entry in self.files:
            path = where / str(entry["path"]).lstrip("/")
            if "flags" in entry and path.exists():
                _hold(path, 0)

    def answers(self) -> Answers:
        """Return what the recorded host answered."""
        path = self.folder / "answers.toml"
        return load_answers(str(path)) if path.exists() else Answers()

    def build(self, where: Path) -> RootHost:
        """Copy the host tree to ``where``, with what git can't keep, and return it as a host."""
        where.mkdir(exist_ok=True)
        for name in self.base:
            shutil.copytree(_base_of(self.folder) / name, where, symlinks=True, dirs_exist_ok=True)
        for name in self.absent:
            _remove(where / name.lstrip("/"))
        tree = self.folder / "host"
        if tree.exists():
            shutil.copytree(tree, where, symlinks=True, dirs_exist_ok=True)
        for path in where.rglob(".gitkeep"):
            path.unlink()
        _plain_modes(where)
        _engine_modes(where)
        for entry in self.files:
            _special(where, entry)
        return RootHost(str(where), self.answers())


def _base_of(folder: Path) -> Path:
    """The trees that a case may stand on: those of its area, else the data roots of the area ``state``."""
    own = folder.parents[1] / "_base"
    return own if own.is_dir() else folder.parents[2] / "state/_base"


def _plain_modes(top: Path) -> None:
    """Set the modes that git knows of, 0644 and 0755: those of a checkout also tell the umask of who made it."""
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _engine_modes(top: Path) -> None:
    """Give the directories of layers the modes that an engine gives them."""
    for name, mode in (("overlay2", 0o710), ("overlay2/l", 0o700)):
        path = top / "var/lib/docker" / name
        if path.is_dir():
            path.chmod(mode)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _special(top: Path, entry: dict[str, Any]) -> None:
    path = top / str(entry["path"]).lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = entry.get("type", "")
    match kind:
        case "socket":
            # AF_UNIX paths are short: bind from inside the directory.
            here = os.getcwd()
            os.chdir(path.parent)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path.name)
            os.chdir(here)
        case "fifo":
            os.mkfifo(path)
        case "dir":
            path.mkdir(parents=True, exist_ok=True)
        case "char":
            os.mknod(path, 0o20644, os.makedev(*entry.get("device", (0, 0))))
        case "symlink":
            path.symlink_to(entry["target"])
        case "lock":
            found = (top / str(entry["target"]).lstrip("/")).stat()
            device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
            path.write_text(f"1: FLOCK  ADVISORY  WRITE {entry['pid']} {device}:{found.st_ino} 0 EOF\n")
        case "file":
            with path.open("wb") as stream:
                stream.truncate(entry.get("size", 0))
    _attributes(path, entry)


def _attributes(path: Path, entry: dict[str, Any]) -> None:
    if "uid" in entry or "gid" in entry:
        os.chown(path, entry.get("uid", -1), entry.get("gid", -1), follow_symlinks=False)
    if "mode" in entry:
        path.chmod(entry["mode"])
    for key, value in entry.get("xattrs", {}).items():
        os.setxattr(path, key, value.encode(), follow_symlinks=False)
    if "flags" in entry:
        _hold(path, entry["flags"])
    if "mtime" in entry:
        os.utime(path, (entry["mtime"], entry["mtime"]))


def _hold(path: Path, flags: int) -> None:
    """Set inode flags (chattr), where the file system and the user's privileges allow it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        set_flags(descriptor, get_flags(descriptor) & ~HELD | flags)
    except OSError as error:
        pytest.skip(f"no inode flags can be set here: {error}")
    finally:
        os.close(descriptor)


def load(folder: Path) -> Case:
    """Return the case of a folder."""
    data = tomllib.loads((folder / "case.toml").read_text())
    expect = data.get("expect", {})
    return Case(
        folder=folder,
        about=data["about"],
        findings=sorted((entry["id"], *entry["subject"]) for entry in data.get("finding", ())),
        fix=expect.get("fix", "resolved" if data.get("finding") else "none"),
        select=tuple(data.get("select", (folder.relative_to(CASES).parts[0],))),
        files=data.get("file", []),
        base=tuple(data.get("base", ())),
        absent=tuple(data.get("absent", ())),
    )


def all_cases() -> list[Case]:
    """Return every case, by name."""
    return [load(path.parent) for path in sorted(CASES.glob("*/*/*/case.toml"))]
