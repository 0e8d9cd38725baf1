"""Finds doctor's modules in the file that runs; ``doctor_start`` starts the command or the runtime.

The interpreter finds this module, and the few that it needs to start, in a small zip archive at the file's end. All
others stand before it as code objects, which are read in place: no search, nothing unpacked. Only builtin and frozen
modules exist when this one is loaded.
"""

import marshal
import mmap
import posix
import sys

INDEX = (0, 0)  # offset and length of the index in the file: the packer writes the numbers here
ME = sys.executable
ModuleSpec = type(sys.__spec__)


class CorruptError(ImportError):
    """The file has other bytes than it was made with."""

    def __init__(self, where):
        super().__init__(f"doctor's own file is corrupt at {where}: {ME}: copy it again and compare its SHA-256")


_handle = posix.open(ME, posix.O_RDONLY | posix.O_CLOEXEC)
_view = memoryview(mmap.mmap(_handle, 0, mmap.MAP_SHARED, mmap.PROT_READ))
posix.close(_handle)


def _loaded(where, offset, length, is_compressed=False):
    """Return the value that the packer wrote."""
    try:
        return marshal.loads(_content(where, offset, length, is_compressed))
    except (EOFError, ValueError, TypeError):
        raise CorruptError(where) from None


def _content(where, offset, length, is_compressed):
    piece = _view[offset : offset + length]
    if not is_compressed:
        return piece
    import zlib

    try:
        return zlib.decompress(piece)
    except zlib.error:
        raise CorruptError(where) from None


_modules, _files = _loaded("the index", *INDEX)


class Bundle:
    """The finder and the loader of the file's modules (importlib)."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Return the spec of a module, ``None`` if it is not in the file."""
        found = _modules.get(name)
        if found is None:
            return None
        spec = ModuleSpec(name, Bundle, origin=f"{ME}/{found[1]}", is_package=found[0])
        spec.has_location = True
        if found[0]:
            spec.submodule_search_locations = [f"{ME}/{found[1].rpartition('/')[0]}"]
        return spec

    @staticmethod
    def create_module(spec):
        """Leave it to importlib."""

    @staticmethod
    def exec_module(module):
        """Run a module's code."""
        exec(_loaded(module.__name__, *_modules[module.__name__][2:]), module.__dict__)

    @staticmethod
    def get_code(name):
        """Return a module's code."""
        return _loaded(name, *_modules[name][2:])

    @staticmethod
    def is_package(name):
        """Whether a module is a package."""
        return _modules[name][0]

    @staticmethod
    def get_data(path):
        """Return a file's content; raises ``FileNotFoundError``."""
        name = path.removeprefix(f"{ME}/")
        found = _files.get(name)
        if found is None:
            raise FileNotFoundError(2, "no such file in doctor's own file", path)
        return bytes(_content(name, *found))

    @staticmethod
    def get_source(name):
        """Return nothing: the file has no sources."""

    @staticmethod
    def get_resource_reader(name):
        """Return what ``importlib.resources`` asks of a package."""
        from doctor_files import Reader

        folders = _loaded("folders", *_files["folders"])
        return Reader(folders, _modules[name][1].rpartition("/")[0], Bundle.get_data, ME)


sys.meta_path.insert(0, Bundle)
