"""Builtins that use the container's file system; the storage probe uses `overlay-check`."""

import os
import stat

from doctor.runtime.base.frozen import TYPE_CHECKING, LaunchError
from doctor.runtime.builtins.answers import builtin, needed, say
from doctor.runtime.plan.reader import FieldReader

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_READ = 16 << 20
_PROGRAMS = (b"\x7fELF", b"#!", b"MZ", b"PK")
"""Formats that the kernel runs, and the usual ones of binfmt_misc (Windows and Java programs)."""


def _write_file(reader: FieldReader) -> None:
    """path, text: written, synced and read back."""
    path, text = needed(reader.text("path"), "path"), reader.text("text", "") or ""
    reader.end()
    with open(path, "w", encoding="utf-8") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    with open(path, encoding="utf-8") as source:
        if source.read() != text:
            raise LaunchError(f"'{path}' reads back differently")
    say(ok=True, bytes=os.stat(path).st_size)


def _read_file(reader: FieldReader) -> None:
    """path, limit (bytes): says the text."""
    path, limit = needed(reader.text("path"), "path"), reader.number("limit", 0, _MAX_READ)
    reader.end()
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    text = os.read(handle, 1 << 16 if limit is None else limit)
    os.close(handle)
    say(ok=True, text=text.decode("utf-8", "replace"))


def _stat_files(reader: FieldReader) -> None:
    """paths: type, mode, owner and size of each, the last link not followed; says where `program` is.

    `program` is searched for in the directories of `search` ("/bin:/usr/bin") as a container's command is; "" is said where
    it can't be executed, and `runs` whether it begins as programs do. It is not run: the image's author chose it.
    """
    paths, program, search = reader.texts("paths"), reader.text("program"), reader.text("search") or ""
    reader.end()
    found: dict[str, dict[str, object]] = {}
    for path in paths:
        try:
            status = os.lstat(path)
        except OSError as error:
            found[path] = {"errno": error.errno}
            continue
        found[path] = {
            "type": stat.filemode(status.st_mode)[0],
            "mode": stat.S_IMODE(status.st_mode),
            "uid": status.st_uid,
            "gid": status.st_gid,
            "bytes": status.st_size,
        }
    place = None if program is None else _program(program, search)
    say(
        ok=all("errno" not in entry for entry in found.values()),
        files=found,
        program=place,
        runs=place is not None and _begins_well(place),
    )


def _program(name: str, search: str) -> str:
    places = [name] if "/" in name else [f"{directory or '.'}/{name}" for directory in search.split(":")]
    for path in places:
        try:
            is_file = stat.S_ISREG(os.stat(path).st_mode)
        except OSError:
            continue
        if is_file and os.access(path, os.X_OK):
            return path
    return ""


def _begins_well(path: str) -> bool:
    """Whether the kernel could run it: a file of zeros, as a power cut leaves it, has every mode and its whole size."""
    if not path:
        return False
    try:
        with open(path, "rb") as source:
            return source.read(4).startswith(_PROGRAMS)
    except OSError:
        return True


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise LaunchError(what)


def _make_and_rename(base: str) -> None:
    os.mkdir(base)
    with open(f"{base}/a", "w", encoding="utf-8") as target:
        target.write("content")
        target.flush()
        os.fsync(target.fileno())
    os.rename(f"{base}/a", f"{base}/b")
    with open(f"{base}/b", encoding="utf-8") as source:
        _must(source.read() == "content", "a renamed file reads back differently")
    _must(not os.path.exists(f"{base}/a"), "a renamed file is still under its old name")


def _links(base: str) -> None:
    os.link(f"{base}/b", f"{base}/hard")
    os.symlink("b", f"{base}/soft")
    _must(os.stat(f"{base}/b").st_nlink == 2, "a hard link does not count")
    _must(os.readlink(f"{base}/soft") == "b", "a symbolic link reads back differently")


def _attributes(base: str) -> None:
    os.setxattr(f"{base}/b", "user.doctor", b"x")
    _must(os.getxattr(f"{base}/b", "user.doctor") == b"x", "an extended attribute reads back differently")
    os.chmod(f"{base}/b", 0o640)
    os.chown(f"{base}/b", 12, 34)
    status = os.stat(f"{base}/b")
    _must((stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o640, 12, 34), "mode or owner are lost")


def _types(base: str) -> None:
    with os.scandir(base) as entries:
        unknown = [e.name for e in entries if not (e.is_file(follow_symlinks=False) or e.is_symlink() or e.is_dir())]
    _must(not unknown, f"the directory does not say the type of {unknown}")


def _remove(base: str) -> None:
    for name in ("b", "hard", "soft"):
        os.unlink(f"{base}/{name}")
    os.rmdir(base)
    _must(not os.path.exists(base), "a removed directory is still there")


def _hide(path: str) -> None:
    """Remove what a lower layer holds: overlayfs has to make a whiteout, and to keep it hidden."""
    is_directory = stat.S_ISDIR(os.lstat(path).st_mode)
    if not is_directory:
        os.unlink(path)
        _must(not os.path.lexists(path), f"'{path}' is still there after it was removed: no whiteout was made")
        return
    for name in os.listdir(path):
        _hide(f"{path}/{name}")
    os.rmdir(path)
    _must(not os.path.lexists(path), f"'{path}' is still there after it was removed: no whiteout was made")
    os.mkdir(path)
    _must(os.listdir(path) == [], f"'{path}' was recreated and shows the lower layer's files: it is not opaque")


def _change(path: str) -> None:
    before = os.stat(path).st_size
    with open(path, "ab") as target:
        target.write(b"doctor")
    _must(os.stat(path).st_size == before + 6, f"'{path}' did not grow when it was copied up and written")


def _overlay_check(reader: FieldReader) -> None:
    """Takes `directory` (where to work), hide (files or directories of lower layers to remove), change (files to append to).

    Says which steps worked; the first that does not ends it.
    """
    base = f"{reader.text('directory', '/') or '/'}/.doctor-overlay-check".replace("//", "/")
    hide, change = reader.texts("hide"), reader.texts("change")
    reader.end()
    steps: list[tuple[str, Callable[[], None]]] = [
        ("create, write, sync, rename", lambda: _make_and_rename(base)),
        ("hard and symbolic links", lambda: _links(base)),
        ("extended attributes, mode, owner", lambda: _attributes(base)),
        ("directory entry types", lambda: _types(base)),
        ("remove", lambda: _remove(base)),
        *((f"copy up {path}", lambda path=path: _change(path)) for path in change),
        *((f"hide {path}", lambda path=path: _hide(path)) for path in hide),
    ]
    done: list[str] = []
    for name, step in steps:
        try:
            step()
        except (OSError, LaunchError) as error:
            code = error.errno if isinstance(error, OSError) else None
            why = error.message if isinstance(error, LaunchError) else (error.strerror or "").lower()
            say(ok=False, done=done, failed=name, errno=code, error=why)
            raise LaunchError(f"{name}: {why}") from None
        done.append(name)
    say(ok=True, done=done, failed=None, errno=None, error=None)


FUNCTIONS = {
    "write-file": builtin(_write_file),
    "read-file": builtin(_read_file),
    "stat-files": builtin(_stat_files),
    "overlay-check": builtin(_overlay_check),
}
