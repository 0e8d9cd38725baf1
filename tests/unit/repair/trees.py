"""Small trees on disk and random steps on them."""

import os
import stat
from pathlib import Path

from hypothesis import strategies as st

from doctor.model.step import Attributes, Directory, File, Meta, Move, Put, Step, Symlink

NAMES = ("a", "b", "c/d", "c/e", "f/g/h", "new", "c/new")
PATHS = st.sampled_from([f"/{name}" for name in NAMES])
METAS = st.builds(
    Meta,
    mode=st.sampled_from([0o600, 0o644, 0o755, 0o4755]),
    uid=st.sampled_from([0, 1000]),
    gid=st.sampled_from([0, 100]),
    xattrs=st.dictionaries(st.sampled_from(["user.one", "user.two"]), st.binary(max_size=8), max_size=2),
    mtime_ns=st.none() | st.integers(1, 2**40),
)
NODES = st.one_of(
    st.builds(File, content=st.binary(max_size=64)),
    st.just(Directory()),
    st.builds(Symlink, target=st.sampled_from(["/etc/passwd", "nowhere", "../.."])),
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Put, path=PATHS, node=NODES, meta=st.none() | METAS),
    st.builds(Move, path=PATHS, to=st.just("") | PATHS),
    st.builds(
        Attributes,
        path=PATHS,
        mode=st.none() | st.sampled_from([0o600, 0o711]),
        uid=st.none() | st.just(12),
        xattrs=st.dictionaries(st.sampled_from(["user.one", "user.three"]), st.none() | st.just(b"x"), max_size=2),
    ),
)


def build(top: Path) -> None:
    """Make a tree with files, directories, links, xattrs and odd modes."""
    for name in ("c", "f/g"):
        (top / name).mkdir(parents=True)
    (top / "a").write_bytes(b"first\n")
    (top / "c/d").write_bytes(b"\0\xff" * 10)
    (top / "f/g/h").write_bytes(b"deep")
    (top / "b").symlink_to("a")
    (top / "c/d").chmod(0o4711)
    os.setxattr(top / "a", "user.one", b"1")
    os.chown(top / "f/g/h", 1000, 100)
    (top / "link-out").symlink_to("/")


def look(top: Path) -> dict[str, tuple[object, ...]]:
    """Everything an undo must bring back, times of regular files included."""
    seen: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            found = os.lstat(path)
            content: object = None
            moment = 0
            if stat.S_ISREG(found.st_mode):
                content = Path(path).read_bytes()
                moment = found.st_mtime_ns
            elif stat.S_ISLNK(found.st_mode):
                content = os.readlink(path)
            keys = os.listxattr(path, follow_symlinks=False)
            xattrs = {key: os.getxattr(path, key, follow_symlinks=False) for key in keys}
            seen[os.path.relpath(path, top)] = (found.st_mode, found.st_uid, found.st_gid, xattrs, content, moment)
    return seen
