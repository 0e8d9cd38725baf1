"""Caches compiled filters of bundles beside the bytecode: compiling one takes a twentieth of a launch.

A file holds a profile of a config.json and its compiled program. It is used only for the same profile, on the same kind
of machine, if the compiler and its table have the same inode, size and times, and if its checksum matches. Otherwise
the profile is compiled. A user who can write such a file can write the bytecode beside it.
"""

import _imp
import marshal
import sys

from doctor.runtime import kernel
from doctor.runtime.part import Part
from doctor.runtime.system import content, os

_DIRECTORY = __file__.rpartition("/")[0]
_MADE_BY = ("filters.py", "part.py", "reader.py", "syscall-names.txt")
_SLOTS = 32  # maximum of profiles; a collision replaces the older one
_SUM_BYTES = 8


def compiled(profile: object) -> tuple[bytes, int]:
    """The program for a `linux.seccomp`, and the flags to load it with. Raises Failure (2)."""
    # Version 0 of the format is the value alone: equal profiles have equal bytes, different ones never do.
    text = marshal.dumps(profile, 0)  # type: ignore[arg-type] # it was JSON
    path = (
        f"{_DIRECTORY}/__pycache__/filter-{_imp.source_hash(0, text)[0] % _SLOTS}.{sys.implementation.cache_tag}.kept"
    )
    try:
        key = (kernel.MACHINE, text, [_look(f"{_DIRECTORY}/{name}") for name in _MADE_BY])
    except OSError:
        key = None
    found = None if key is None else _read(path, key)
    if found is not None:
        return found
    from doctor.runtime import filters  # noqa: PLC0415 - a profile that is known does without it

    program, flags = filters.compiled(Part(profile, "linux.seccomp"))
    if key is not None:
        _save(path, marshal.dumps((key, program, flags)))
    return program, flags


def _read(path: str, key: object) -> tuple[bytes, int] | None:
    try:
        text = content(path)
    except OSError:
        return None
    if text[:_SUM_BYTES] != _imp.source_hash(0, text[_SUM_BYTES:]):
        return None
    made_for, program, flags = marshal.loads(text[_SUM_BYTES:])  # noqa: S302 - as trusted as the .pyc files beside it
    return (program, flags) if made_for == key else None


def _save(path: str, body: bytes) -> None:
    """An unwritable directory is ignored."""
    from doctor.runtime import packed  # noqa: PLC0415 - once for each profile

    try:
        packed.write(path, _imp.source_hash(0, body) + body)
    except OSError:
        return


def _look(path: str) -> tuple[int, int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns, status.st_size, status.st_ctime_ns
