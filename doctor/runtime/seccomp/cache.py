"""Caches the compiled filter of the last bundle.

A launch from a bundle may cost 0.45 of runc's CPU time (the bar of `benchmarks/`). It costs 0.44 with this file, 0.47
without: compiling takes 1 ms. The file is used only for the same profile, on the same kind of machine, while the
compiler and its table are unchanged. It is as trusted as the .pyc files beside it.
"""

import _imp
import marshal

from doctor.runtime import pack
from doctor.runtime.base import kernel
from doctor.runtime.base.system import content
from doctor.runtime.bundle.part import ConfigPart

_MADE_BY = (
    "seccomp/profile.py",
    "seccomp/comparisons.py",
    "seccomp/syscall-names.txt",
    "bundle/part.py",
    "plan/reader.py",
)
_SUM_BYTES = 8


def compiled(profile: object) -> tuple[bytes, int]:
    """The program for a `linux.seccomp`, and the flags to load it with. Raises LaunchError (2)."""
    try:
        made_by = [pack.look(name) for name in _MADE_BY]
    except OSError:
        return _compile(profile)  # in an archive or in one file: there is no place for a cache
    # In version 0 of the format equal profiles have equal bytes, different ones never do.
    key = (kernel.MACHINE, marshal.dumps(profile, 0), made_by)  # type: ignore[arg-type]
    path = pack.path_of("filter")
    found = _read(path, key)
    if found is not None:
        return found
    program, flags = _compile(profile)
    body = marshal.dumps((key, program, flags))
    pack.write(path, _imp.source_hash(0, body) + body)
    return program, flags


def _compile(profile: object) -> tuple[bytes, int]:
    from doctor.runtime.seccomp.profile import compiled as compile_profile  # noqa: PLC0415 - not if it is cached

    return compile_profile(ConfigPart(profile, "linux.seccomp"))


def _read(path: str, key: object) -> tuple[bytes, int] | None:
    try:
        text = content(path)
    except OSError:
        return None
    if text[:_SUM_BYTES] != _imp.source_hash(0, text[_SUM_BYTES:]):
        return None
    made_for, program, flags = marshal.loads(text[_SUM_BYTES:])  # noqa: S302
    return (program, flags) if made_for == key else None
