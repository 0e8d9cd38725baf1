"""Finds doctor's modules in the file that runs, and starts the command or the runtime.

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

_handle = posix.open(ME, posix.O_RDONLY | posix.O_CLOEXEC)
_view = memoryview(mmap.mmap(_handle, 0, mmap.MAP_SHARED, mmap.PROT_READ))
posix.close(_handle)
_modules, _files = marshal.loads(_view[INDEX[0] : INDEX[0] + INDEX[1]])


def _content(offset, length, is_compressed):
    piece = _view[offset : offset + length]
    if not is_compressed:
        return piece
    import zlib

    return zlib.decompress(piece)


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
        exec(marshal.loads(_content(*_modules[module.__name__][2:])), module.__dict__)

    @staticmethod
    def get_code(name):
        """Return a module's code."""
        return marshal.loads(_content(*_modules[name][2:]))

    @staticmethod
    def is_package(name):
        """Whether a module is a package."""
        return _modules[name][0]

    @staticmethod
    def get_data(path):
        """Return a file's content; raises ``FileNotFoundError``."""
        found = _files.get(path.removeprefix(f"{ME}/"))
        if found is None:
            raise FileNotFoundError(2, "no such file in doctor's own file", path)
        return bytes(_content(*found))

    @staticmethod
    def get_source(name):
        """Return a module's source, ``None`` if the file does not have it."""
        found = _files.get(_modules[name][1])
        return None if found is None else bytes(_content(*found)).decode()

    @staticmethod
    def get_resource_reader(name):
        """Return what ``importlib.resources`` asks of a package."""
        from doctor_files import Reader

        return Reader(_files, _modules[name][1].rpartition("/")[0], Bundle.get_data, ME)


sys.meta_path.insert(0, Bundle)

if sys.argv[0].rpartition("/")[2] == "doctor-runtime":
    from doctor.runtime.__main__ import main
else:
    from doctor.cli.entry import main
sys.exit(main())
