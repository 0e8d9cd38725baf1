"""A case: a broken host, and what is expected of doctor on it.

An area's cases have one form (docs/decisions/0032). Where a host is a few files that a person can read they are folders
``AREA/PROBLEM/NAME`` with ``case.toml``; where it is made of hashes and databases they are stories in Python: each
module of the area with a tuple ``CASES``, whose members know how to become a `Case`. Nothing is registered.
"""

import importlib
import os
import shutil
import socket
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from doctor.host.answers import load as load_answers
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.host.syscalls import APPEND_ONLY, IMMUTABLE, get_flags, set_flags
from tests.cases import roots

HERE = Path(__file__).parent
HELD = IMMUTABLE | APPEND_ONLY


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: ``AREA/PROBLEM/NAME``.
        about: what happened to the host, in a sentence.
        findings: expected (id, subject kind, subject name), sorted.
        fix: ``resolved``, ``manual`` or ``none``.
        select: areas whose checks must find exactly this.
        fill: writes the host's plain files, links and directories beneath a directory.
        recorded: returns what the host's commands, engine and processes answered.
        files: what is more than that: sockets, devices, owners, modes, attributes, as ``[[file]]`` entries of a case.toml.
        after: path → content after the repair, where a test asks for the very bytes.
        for_engine: the engine that an upgrade would bring, where the findings are about that ("29.7.2").
        severities: id → severity, where a finding of the case has another one than its check.
    """

    name: str
    about: str
    findings: list[tuple[str, str, str]]
    fix: str
    select: tuple[str, ...]
    fill: Callable[[Path], None]
    recorded: Callable[[], RecordedAnswers] = RecordedAnswers
    files: Iterable[dict[str, Any]] = ()
    after: dict[str, bytes] = field(default_factory=dict)
    for_engine: str = ""
    severities: dict[str, str] = field(default_factory=dict)

    @property
    def check(self) -> str:
        """Return the id of the check that the case is about."""
        return self.name.rpartition("/")[0]

    @property
    def area(self) -> str:
        """Return the area of that check."""
        return self.name.partition("/")[0]

    def let_go(self, where: Path) -> None:
        """Clear the inode flags that the case set: nobody could remove the tree."""
        for entry in self.files:
            path = where / str(entry["path"]).lstrip("/")
            if "flags" in entry and path.exists():
                _hold(path, 0)

    def answers(self) -> RecordedAnswers:
        """Return what the recorded host answered."""
        return self.recorded()

    def build(self, where: Path) -> RootHost:
        """Write the host to ``where``, with the modes and special files that it has, and return it."""
        where.mkdir(parents=True, exist_ok=True)
        self.fill(where)
        _plain_modes(where)
        _engine_modes(where)
        _engine_times(where)
        for entry in self.files:
            _special(where, entry)
        return RootHost(str(where), self.answers())


class Story(Protocol):
    """A story in Python that becomes a case."""

    def case(self) -> Case:
        """Return the case."""
        ...


def all_cases() -> list[Case]:
    """Return every case, by name."""
    return list(_by_name().values())


def find(name: str) -> Case:
    """Return the case ``AREA/PROBLEM/NAME``."""
    return _by_name()[name]


@cache
def _by_name() -> dict[str, Case]:
    found = [*(load(path.parent) for path in HERE.glob("*/*/*/case.toml")), *_stories()]
    named = {case.name: case for case in sorted(found, key=lambda case: case.name)}
    assert len(named) == len(found), "two cases have one name"
    return named


def _stories() -> Iterator[Case]:
    for path in sorted(HERE.glob("*/**/*.py")):
        module = importlib.import_module(".".join(("tests.cases", *path.relative_to(HERE).with_suffix("").parts)))
        stories: Iterable[Story] = getattr(module, "CASES", ())
        yield from (one.case() for one in stories)


def load(folder: Path) -> Case:
    """Return the case of a folder: its ``host`` and ``answers.toml`` laid over those of its bases.

    A base is a part of the healthy data root (``roots.PARTS``) or a folder ``AREA/_base/NAME``.
    """
    data = tomllib.loads((folder / "case.toml").read_text())
    area = folder.parent.parent.name
    bases = data.get("base", ())
    layers = [*(HERE / area / "_base" / name for name in bases if name not in roots.PARTS), folder]
    expected = folder / "expected/after"
    assert all(layer.is_dir() for layer in layers), f"{folder}: a base of {bases} is neither a part nor in {area}/_base"

    def fill(where: Path) -> None:
        roots.build(*bases).write(where)
        for layer in layers:
            if (layer / "host").exists():
                shutil.copytree(layer / "host", where, symlinks=True, dirs_exist_ok=True)
        for path in where.rglob(".gitkeep"):
            path.unlink()

    return Case(
        name=f"{area}/{folder.parent.name}/{folder.name}",
        about=data["about"],
        findings=sorted((entry["id"], *entry["subject"]) for entry in data.get("finding", ())),
        severities={entry["id"]: entry["severity"] for entry in data.get("finding", ()) if "severity" in entry},
        fix=data.get("expect", {}).get("fix", "resolved" if data.get("finding") else "none"),
        select=tuple(data.get("select", (area,))),
        fill=fill,
        recorded=lambda: _joined(
            [load_answers(str(path)) for layer in layers if (path := layer / "answers.toml").exists()]
        ),
        files=data.get("file", ()),
        after={str(path.relative_to(expected)): path.read_bytes() for path in expected.rglob("*") if path.is_file()},
    )


def _joined(recordings: list[RecordedAnswers]) -> RecordedAnswers:
    """The recordings of the bases and of the case as one: for the same question the last one answers."""
    whole = RecordedAnswers()
    for one in recordings:
        processes = (
            None if one.processes is whole.processes is None else (*(whole.processes or ()), *(one.processes or ()))
        )
        whole = RecordedAnswers(
            commands=whole.commands | one.commands,
            engine=whole.engine | one.engine,
            processes=processes,
            now=one.now if one.now is not None else whole.now,
            live=whole.live or one.live,
            statfs=whole.statfs | one.statfs,
            missing=whole.missing | one.missing,
            networks=whole.networks | one.networks,
            routes=whole.routes | one.routes,
            kernel_log=one.kernel_log or whole.kernel_log,
            deleted=(*whole.deleted, *one.deleted),
        )
    return whole


def _plain_modes(top: Path) -> None:
    """Set the modes that git knows of, 0644 and 0755: those of a checkout also depend on the umask of its user."""
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _engine_modes(top: Path) -> None:
    """Give the directories of layers the modes that an engine gives them."""
    for name, mode in (("overlay2", 0o710), ("overlay2/l", 0o700)):
        path = top / "var/lib/docker" / name
        if path.is_dir():
            path.chmod(mode)


def _engine_times(top: Path) -> None:
    """Make what an engine writes once for a container older than any container: a checkout is a copy without times."""
    root = top / "var/lib/docker"
    for path in (*root.glob("overlay2/*/l*"), *root.glob("image/overlay2/layerdb/mounts/*/*")):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (0, 0))


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
