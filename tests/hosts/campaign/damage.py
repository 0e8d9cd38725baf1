"""Which file of a data root is hit and how, by one number: any file, not only those with a named fault."""

import os
import re
import shutil
import stat
from collections import defaultdict
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.hosts.state_faults import DAMAGES

_IDS = re.compile(r"\b(?:[0-9a-f]{64}(?:-init)?|[A-Z2-7]{26}|[a-z0-9]{25})\b")
DATA = ("layer content", "writable layer", "init layer", "volume data")
"""Classes of files without any metadata: a repair leaves every byte of them alone."""


class Fault(Struct, frozen=True, kw_only=True):
    """One damaged file.

    Attributes:
        kind: its class, the path with `*` for each id (`containers/*/config.v2.json`), or one of `DATA`.
        path: beneath the data root.
        how: a name of `state_faults.DAMAGES`, or `wrong type`, `wrong target`.
        done: what was done, in words.
    """

    kind: str
    path: str
    how: str
    done: str = ""


def classes(top: Path) -> dict[str, list[str]]:
    """Every regular file, symbolic link and device beneath the data root by class, oldest first.

    The age and not the random name orders them, so that a seed hits the same container's file on a patient that was
    built elsewhere.
    """
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    mounts = {path.read_text() for path in top.glob("image/overlay2/layerdb/mounts/*/mount-id")}
    for directory, _, files in os.walk(top):
        links = [name for name in os.listdir(directory) if os.path.islink(os.path.join(directory, name))]
        for name in {*files, *links}:
            path = os.path.relpath(os.path.join(directory, name), top)
            if "/work/" not in path:
                found[_kind(path, mounts)].append((os.lstat(top / path).st_mtime_ns, path))
    return {kind: [path for _, path in sorted(found[kind])] for kind in sorted(found)}


def _kind(path: str, mounts: set[str]) -> str:
    parts = path.split("/")
    if parts[0] == "overlay2" and parts[2:3] == ["diff"] and len(parts) > 3:
        return "init layer" if parts[1].endswith("-init") else DATA[parts[1] in mounts]
    if parts[0] == "volumes" and parts[2:3] == ["_data"]:
        return "volume data"
    return _IDS.sub("*", path)


def directories(top: Path) -> dict[str, str]:
    """One directory of each class beneath the data root, none within layers, writable layers or volumes."""
    found: dict[str, str] = {}
    mounts = {path.read_text() for path in top.glob("image/overlay2/layerdb/mounts/*/mount-id")}
    for directory, names, _ in sorted(os.walk(top)):
        path = os.path.relpath(directory, top)
        parts = path.split("/")
        if parts[-1] in {"_data", "diff", "work"}:
            names.clear()
        kind = _IDS.sub("*", path)
        if parts[0] == "overlay2" and len(parts) > 1 and parts[1] != "l":
            what = "init layer" if parts[1].endswith("-init") else DATA[parts[1] in mounts].removesuffix(" content")
            kind = f"{kind} of a {what}"
        if path != "." and not any(part in {"_data", "diff", "work"} for part in parts[:-1]):
            found.setdefault(kind, path)
    return dict(sorted(found.items()))


def choose(top: Path, count: int, seed: int) -> list[Fault]:
    """Count faults at different files; a class is as likely as any other, and so is each kind of damage.

    No fault at a file, count 0, is the loss of a whole directory: that of the class with the seed's number, from 1.
    """
    if not count:
        found = list(directories(top).items())
        kind, path = found[(seed - 1) % len(found)]
        return [Fault(kind=kind, path=path, how="missing")]
    random = Random(f"campaign {count} {seed}")
    by_class = classes(top)
    chosen: dict[str, Fault] = {}
    while len(chosen) < count:
        kind = random.choice(list(by_class))
        path = random.choice(by_class[kind])
        chosen.setdefault(path, Fault(kind=kind, path=path, how=random.choice(_ways(top / path))))
    return list(chosen.values())


def _ways(path: Path) -> list[str]:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return ["missing", "wrong type", "wrong target"]
    if not stat.S_ISREG(about.st_mode):
        return ["missing", "wrong type"]
    if not about.st_size:
        return ["missing", "wrong type"]
    return [*sorted(DAMAGES), "wrong type"]


def damage(top: Path, faults: list[Fault], count: int, seed: int) -> list[Fault]:
    """Do them, and return them with the words of what was done."""
    return [_damage(top, fault, Random(f"campaign {count} {seed} {number}")) for number, fault in enumerate(faults)]


def _damage(top: Path, fault: Fault, random: Random) -> Fault:
    path = top / fault.path
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        done = "removed with all in it"
    elif fault.how == "wrong type":
        path.unlink()
        path.mkdir()
        done = "a directory in its place"
    elif fault.how == "wrong target":
        near = {os.readlink(one) if one.is_symlink() else one.name for one in path.parent.iterdir()}
        target = random.choice(sorted(near - {os.readlink(path), path.name}) or ["nowhere"])
        path.unlink()
        path.symlink_to(target)
        done = f"leads to {target}"
    else:
        done = DAMAGES[fault.how](path, random)
    return Fault(kind=fault.kind, path=fault.path, how=fault.how, done=done)


def user_data(top: Path) -> dict[str, str]:
    """A line for each file of layers, writable layers and volumes: what a repair has to leave alone, to the byte."""
    found = {}
    for parent in [*top.glob("overlay2/*/diff"), *top.glob("volumes/*/_data")]:
        if parent.is_symlink() or "-init/" in str(parent) or parent.parent.name == "l":
            continue
        for directory, names, files in os.walk(parent):
            for name in [*names, *files]:
                path = Path(directory, name)
                found[str(path.relative_to(top))] = _look(path)
    return found


def _look(path: Path) -> str:
    about = path.lstat()
    text = f"{about.st_mode:o} {about.st_uid} {about.st_gid} {about.st_rdev}"
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        text += f" {name}={os.getxattr(path, name, follow_symlinks=False)!r}"
    if stat.S_ISREG(about.st_mode):
        return f"{text} {hash(path.read_bytes())}"
    return f"{text} {os.readlink(path)}" if stat.S_ISLNK(about.st_mode) else text
