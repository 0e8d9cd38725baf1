"""Keeps the compiled code of all that the guard loads in one file, so that a start waits for one read and not for 250 searches.

A look loads some 250 small modules, and to find each (three system calls, a search by suffix, a file of its own) costs more
than to run it. The code is what Python itself keeps beside each source. It is taken only while the source has the same
device, inode, size and times, the interpreter is the same, and the places it searches hold the same names. Anything else is
loaded as ever: without the file nothing is different but slower.
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
"""Of a .pyc: magic number, flags, the time and size of its source (PEP 552)."""
_WORD = 0xFFFFFFFF
_Told = tuple[int, int, int, int, int]
_Place = tuple[str, str, bool, _Told, int, int]
"""Source, its .pyc, whether it is a package, what told the source, and where the code lies in the file."""


class _Loader(SourceFileLoader):
    """Loads a module as from its source; only the code comes from elsewhere."""

    def __init__(self, name: str, path: str, code: memoryview) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002 - the signature is importlib's
        """Return the module's code."""
        code: CodeType = marshal.loads(self._code)  # noqa: S302 - root's own file, as a .pyc is
        return code


class Kept:
    """Finds modules in the file. A path hook of importlib (``sys.meta_path``).

    Attributes:
        known: names that were imported before.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._path = os.path.join(state_dir() if directory is None else directory, _NAME)
        self.known = frozenset(sys.modules)
        self._codes = memoryview(b"")
        self._places: dict[str, _Place] = {}
        try:
            self._read()
        except (OSError, ValueError, EOFError, TypeError):
            self._places = {}

    def use(self) -> None:
        """Look here first from now on."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the signature is importlib's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Return how to load a module; ``None`` for one that is not kept, or whose source is another by now."""
        place = self._places.get(fullname)
        if place is None:
            return None
        source, cached, is_package, told, start, size = place
        if _told(source) != told:
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
        """Write the file anew where something was loaded that is not in it; return whether it was written.

        Failing costs only the next look: nothing is raised. Not synced, as its checksum tells.
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
        for name, (source, cached, is_package, told, start, size) in self._places.items():
            if _told(source) == told:
                found.append((name, source, cached, is_package, told, bytes(self._codes[start : start + size])))
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
        if circumstances == _circumstances():
            self._places, self._codes = places, rest[size:]

    def _write(self, found: list[tuple[str, str, str, bool, _Told, bytes]]) -> None:
        places: dict[str, _Place] = {}
        start = 0
        for name, source, cached, is_package, told, code in found:
            places[name] = source, cached, is_package, told, start, len(code)
            start += len(code)
        index = marshal.dumps([_circumstances(), places])
        rest = b"".join((index, *(code for *_, code in found)))
        own.write(self._path, (b"%d %d\n" % (zlib.crc32(rest), len(index)), rest))


def _take(spec: ModuleSpec) -> tuple[str, str, bool, _Told, bytes] | None:
    """Return what to keep of a loaded module; ``None`` where Python has kept no code that belongs to its source."""
    source, cached = spec.origin, spec.cached
    if source is None or cached is None:
        return None
    try:
        told = os.stat(source)
        with open(cached, "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    belongs = b"".join(number.to_bytes(4, "little") for number in (0, int(told.st_mtime) & _WORD, told.st_size & _WORD))
    if data[:_HEAD_BYTES] != MAGIC_NUMBER + belongs:
        return None
    is_package = spec.submodule_search_locations is not None
    return source, cached, is_package, _numbers(told), data[_HEAD_BYTES:]


def _told(path: str) -> _Told | None:
    try:
        return _numbers(os.stat(path))
    except OSError:
        return None


def _numbers(told: os.stat_result) -> _Told:
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def _circumstances() -> list[object]:
    """Return what else must be the same: the interpreter, and where it searches with the time when a name there changed."""
    return [sys.version, MAGIC_NUMBER, sys.flags.optimize, [[place, _told(place)] for place in sys.path]]
