"""Caches the compiled code of every module that the guard loads in one file: a start needs one read instead of 250
searches.

A run loads some 250 small modules. Finding a module (three system calls, a search by suffix, a file of its own) costs
more than running it: a check of 60 layers takes 97 ms of CPU, 114 without this cache (minima of 10 in turns), and may take
100 (``benchmarks``). The code is copied from Python's .pyc files. It is used only while the source has the same device,
inode, size and times, the interpreter is the same, and its search path holds the same names. Otherwise the module is
loaded as usual: the cache only saves time.
"""

import marshal
import os
import sys
import zlib
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from types import CodeType, ModuleType

from doctor.guard import own
from doctor.state.paths import state_dir

_NAME = "guard.code"
_HEAD_BYTES = 16
"""Header of a .pyc: magic number, flags, time and size of its source (PEP 552)."""
_WORD = 0xFFFFFFFF
_Stamp = tuple[int, int, int, int, int]
_Place = tuple[str, str, bool, _Stamp, int, int]
"""Source, its .pyc, whether it is a package, the stamp of the source, and the offset and size of the code in the
cache.
"""


class _Loader(SourceFileLoader):
    """Loads a module as from its source, with the code taken from the cache."""

    def __init__(self, name: str, path: str, code: memoryview) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002 - the signature is importlib's
        """Return the module's code."""
        code: CodeType = marshal.loads(self._code)  # noqa: S302 - root's own file, as a .pyc is
        return code


class CodeFinder:
    """Finds modules in the cache. A finder for ``sys.meta_path`` (importlib).

    Attributes:
        known: modules imported before this finder was installed.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._path = os.path.join(state_dir() if directory is None else directory, _NAME)
        self.known = frozenset(sys.modules)
        self._search = list(sys.path)  # directories of plugins are added later
        self._codes = memoryview(b"")
        self._places: dict[str, _Place] = {}
        try:
            self._read()
        except (OSError, ValueError, EOFError, TypeError):
            self._places = {}

    def use(self) -> None:
        """Install this finder as the first one."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the signature is importlib's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return the spec of a module; ``None`` if it is not cached or its source has changed."""
        place = self._places.get(fullname)
        if place is None:
            return None
        source, cached, is_package, stamp, start, size = place
        if _stamp(source) != stamp:
            del self._places[fullname]
            return None
        loader = _Loader(fullname, source, self._codes[start : start + size])
        spec = ModuleSpec(fullname, loader, origin=source, is_package=is_package)
        spec.has_location = True
        spec.cached = cached
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(source)]
        return spec

    def keep(self) -> bool:
        """Rewrite the cache if a module was loaded that is not in it; return whether it was written.

        A failure only slows the next run, so nothing is raised. Not synced: the checksum detects a partial write.
        """
        loaded = {
            name: spec
            for name, module in list(sys.modules.items())
            if name not in self.known and (spec := getattr(module, "__spec__", None)) is not None
        }
        fresh = {name: spec for name, spec in loaded.items() if type(spec.loader) is SourceFileLoader}
        found = [(name, *taken) for name, spec in sorted(fresh.items()) if (taken := _take(spec)) is not None]
        if not found:
            return False
        for name, (source, cached, is_package, stamp, start, size) in self._places.items():
            if _stamp(source) == stamp:
                found.append((name, source, cached, is_package, stamp, bytes(self._codes[start : start + size])))
        try:
            self._write(found)
        except (OSError, ValueError):
            return False
        return True

    def _read(self) -> None:
        data = memoryview(own.read(self._path))
        head, _, _ = bytes(data[:64]).partition(b"\n")
        checksum, size = (int(word) for word in head.split())
        rest = data[len(head) + 1 :]
        if zlib.crc32(rest) != checksum:
            return
        circumstances, places = marshal.loads(rest[:size])  # noqa: S302 - as above
        if circumstances == _circumstances(self._search):
            self._places, self._codes = places, rest[size:]

    def _write(self, found: list[tuple[str, str, str, bool, _Stamp, bytes]]) -> None:
        places: dict[str, _Place] = {}
        start = 0
        for name, source, cached, is_package, stamp, code in found:
            places[name] = source, cached, is_package, stamp, start, len(code)
            start += len(code)
        index = marshal.dumps([_circumstances(self._search), places])
        rest = b"".join((index, *(code for *_, code in found)))
        own.write(self._path, (b"%d %d\n" % (zlib.crc32(rest), len(index)), rest))


def _take(spec: ModuleSpec) -> tuple[str, str, bool, _Stamp, bytes] | None:
    """Return the cache entry of a loaded module; ``None`` if Python has no current .pyc for its source."""
    source, cached = spec.origin, spec.cached
    if source is None or cached is None:
        return None
    try:
        stamp = os.stat(source)
        with open(cached, "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    belongs = b"".join(
        number.to_bytes(4, "little") for number in (0, int(stamp.st_mtime) & _WORD, stamp.st_size & _WORD)
    )
    if data[:_HEAD_BYTES] != MAGIC_NUMBER + belongs:
        return None
    is_package = spec.submodule_search_locations is not None
    return source, cached, is_package, _numbers(stamp), data[_HEAD_BYTES:]


def _stamp(path: str) -> _Stamp | None:
    try:
        return _numbers(os.stat(path))
    except OSError:
        return None


def _numbers(stamp: os.stat_result) -> _Stamp:
    return stamp.st_dev, stamp.st_ino, stamp.st_size, stamp.st_mtime_ns, stamp.st_ctime_ns


def _circumstances(search: list[str]) -> list[object]:
    """Return the other conditions of the cache: the interpreter, and its search path with each directory's modification
    time.
    """
    return [sys.version, MAGIC_NUMBER, sys.flags.optimize, [[place, _stamp(place)] for place in search]]
