"""The files that are packed beside the modules, as ``importlib.resources`` reads them."""

import io


class Reader:
    """The resources of a package."""

    def __init__(self, folders, place, read, me):
        self._top = Packed(folders, place, read, me)

    def files(self):
        """Return the package's folder."""
        return self._top


class Packed:
    """A file or a folder: the part of ``pathlib.Path`` that ``importlib.resources.abc.Traversable`` names."""

    def __init__(self, folders, place, read, me):
        self._folders, self._place, self._read, self._me = folders, place, read, me

    @property
    def name(self):
        """The last part of its path."""
        return self._place.rpartition("/")[2]

    def __str__(self):
        return f"{self._me}/{self._place}"

    def is_file(self):
        """Whether it is a file."""
        folder, _, name = self._place.rpartition("/")
        return name in self._folders.get(folder, ((), ()))[0]

    def is_dir(self):
        """Whether it is a folder."""
        return self._place in self._folders

    def iterdir(self):
        """Yield what is in the folder."""
        files, folders = self._folders.get(self._place, ((), ()))
        return (self.joinpath(name) for name in (*files, *folders))

    def joinpath(self, *names):
        """Return a file or folder below it."""
        return Packed(self._folders, "/".join((self._place, *names)), self._read, self._me)

    __truediv__ = joinpath

    def read_bytes(self):
        """Return a file's content."""
        return self._read(str(self))

    def read_text(self, encoding=None):
        """Return a file's text."""
        return self.read_bytes().decode(encoding or "utf-8")

    def open(self, mode="r", *, encoding=None, errors=None):
        """Return a stream of a file's content."""
        stream = io.BytesIO(self.read_bytes())
        return stream if "b" in mode else io.TextIOWrapper(stream, encoding or "utf-8", errors)
