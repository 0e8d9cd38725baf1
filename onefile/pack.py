"""Appends modules and files to the static interpreter.

    program | zeros up to a page | code, files | folders | index | a stored zip of the modules that start the interpreter

The modules of a scan are stored as they are, and read in place; the rest is compressed. The same input gives the same bytes.
Modules have no source: a traceback shows file and line, and nothing else reads it.
"""

import importlib.util
import io
import marshal
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from onefile.omitted import is_omitted

START = ("encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py")
"""Imported by the interpreter before the boot module: from the zip, by the frozen zipimport."""
PAGE = 4096
FOLDERS = "folders"
"""The name of the table of folders among the files."""
_OURS = ("doctor/", "checks/", "fixers/", "reports/")
_MARK = b"doctor: size of the file"
Piece = tuple[int, int, bool]


class Packed:
    """The bytes that stand behind the program, and where each piece of them is."""

    def __init__(self, offset: int, hot: frozenset[str]) -> None:
        self._hot = hot
        self._offset = offset
        self._pieces: list[bytes] = []
        self._size = 0
        self.modules: dict[str, tuple[bool, str, int, int, bool]] = {}
        self.files: dict[str, Piece] = {}
        self._names: set[str] = set()

    def add(self, root: Path) -> None:
        """Add the modules and files of a directory; what was added first stays."""
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name = str(path.relative_to(root))
            if is_omitted(name):
                continue
            if name.endswith(".py"):
                self.module(name, path.read_bytes())
            elif name not in self.files and (name.startswith(_OURS) or "/templates/" in name):
                self.file(name, path.read_bytes())

    def content(self) -> Iterator[bytes]:
        """Yield all pieces, and then the index."""
        yield from self._pieces
        yield self.index

    @property
    def index(self) -> bytes:
        """The index, as the boot module reads it."""
        return marshal.dumps((self.modules, self.files))

    @property
    def end(self) -> int:
        """Where the index begins in the file."""
        return self._offset + self._size

    def file(self, name: str, content: bytes) -> None:
        """Add a data file."""
        self._names.add(name)
        self.files[name] = self._put(content, is_hot=name.endswith((".bpf", ".json", ".tsv", "asked.txt")))

    def module(self, name: str, source: bytes) -> None:
        """Add a module by its path, unless there is one of its name."""
        dotted = name.removesuffix(".py").replace("/", ".")
        is_package = dotted.endswith(".__init__")
        dotted = dotted.removesuffix(".__init__")
        if dotted in self.modules:
            return
        self._names.add(name)
        self.modules[dotted] = (is_package, name, *self._put(code(name, source), is_hot=dotted in self._hot))

    def folders(self) -> None:
        """Add the table of folders: the names of files and of folders in each, which only ``importlib.resources`` asks for."""
        found: dict[str, tuple[set[str], set[str]]] = {}
        for path in self._names:
            folder, _, name = path.rpartition("/")
            found.setdefault(folder, (set(), set()))[0].add(name)
            while folder:
                above, _, name = folder.rpartition("/")
                found.setdefault(above, (set(), set()))[1].add(name)
                folder = above
        table = {
            folder: (tuple(sorted(files)), tuple(sorted(below))) for folder, (files, below) in sorted(found.items())
        }
        self.files[FOLDERS] = self._put(marshal.dumps(table), is_hot=True)

    def _put(self, content: bytes, *, is_hot: bool) -> Piece:
        small = content if is_hot else zlib.compress(content, 9)
        stored = small if len(small) < len(content) else content
        piece = self._offset + self._size, len(stored), stored is not content
        self._pieces.append(stored)
        self._size += len(stored)
        return piece


def code(name: str, source: bytes) -> bytes:
    """Return a module's compiled code. Its file name is relative, so that it does not depend on the place of the build."""
    return marshal.dumps(compile(source, name, "exec", dont_inherit=True, optimize=0))


def pack(
    program: bytes,
    roots: Iterable[Path],
    boot: Path,
    hot: frozenset[str],
    *,
    texts: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """Return the whole file: ``program`` with the modules of ``roots`` and the boot module.

    Args:
        program: the static interpreter.
        roots: directories to put on the path, first wins: the standard library and the packages.
        boot: the directory of ``doctor_boot.py`` and of the modules that belong to it.
        hot: names of modules that each scan loads.
        texts: further data files, by their path.
    """
    padded = program + bytes(-len(program) % PAGE)
    packed = Packed(len(padded), hot | {"doctor_files"})
    for root in roots:
        packed.add(root)
    for name, content in texts.items():
        packed.file(name, content)
    packed.module("doctor_files.py", (boot / "doctor_files.py").read_bytes())
    packed.folders()
    finder = (boot / "doctor_boot.py").read_text()
    numbers = f"INDEX = ({packed.end}, {len(packed.index)})"
    stdlib = next(root for root in roots if (root / START[0]).exists())
    first = {name: (stdlib / name).read_bytes() for name in START}
    first["doctor_boot.py"] = finder.replace("INDEX = (0, 0)", numbers).encode()
    first["doctor_start.py"] = (boot / "doctor_start.py").read_bytes()
    return sized(
        padded + b"".join(packed.content()) + _archive({name: _compiled(name, each) for name, each in first.items()})
    )


def started_by(whole: bytes, source: bytes) -> bytes:
    """Return a packed file with another module in the place of ``doctor_start``: the tests run Python code in it."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        begin = min(entry.header_offset for entry in archive.infolist())
        first = {name.removesuffix("c"): archive.read(name) for name in archive.namelist()}
    first["doctor_start.py"] = _compiled("doctor_start.py", source)
    return sized(whole[:begin] + _archive(first))


def sized(whole: bytes) -> bytes:
    """Write the size of the file into its program, which compares it at each start: a copy can break off."""
    if whole.count(_MARK) != 1:
        raise LookupError("the program has no place for the size of the file")
    at = whole.index(_MARK) + len(_MARK)
    return whole[:at] + struct.pack("<Q", len(whole)) + whole[at + 8 :]


def _compiled(name: str, source: bytes) -> bytes:
    # Flags 0, time and size 0: the interpreter compares none of them in an archive without the source.
    return importlib.util.MAGIC_NUMBER + bytes(12) + code(name, source)


def _archive(modules: Mapping[str, bytes]) -> bytes:
    """Return a zip of compiled modules, without compression: zlib is not there yet."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in modules.items():
            archive.writestr(zipfile.ZipInfo(f"{name}c", (1980, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()
