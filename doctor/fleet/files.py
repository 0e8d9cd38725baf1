"""Finds the files with reports. Whatever is not read is named: a report that is missed must not look like a healthy host."""

import os
from collections.abc import Iterator
from stat import S_ISDIR, S_ISLNK, S_ISREG

from msgspec import Struct

OTHER_FORMATS = (".html", ".htm", ".md", ".prom", ".sarif", ".txt", ".xml", ".log", ".csv")
"""Files next to reports that hold none: formats of doctor, lists and logs."""


class FoundFiles(Struct):
    """The files below some places, and what was left out on the way.

    Attributes:
        unread: paths that could not be listed, and why.
        hidden: how many hidden files and directories were left out: an editor's, or of a copy that is not finished.
        others: how many files of other formats were left out.
    """

    unread: list[tuple[str, str]] = []
    hidden: int = 0
    others: int = 0

    def below(self, places: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
        """Yield each file once with whether it was named itself, and not found in a directory."""
        seen: set[tuple[int, int]] = set()
        tops = tuple(os.path.realpath(place) for place in places)
        for place in places:
            try:
                found = os.stat(place)
            except OSError as error:
                self.unread.append((place, _why(error)))
                continue
            if not S_ISDIR(found.st_mode):
                if _is_first(found, seen):
                    yield place, True
                continue
            for path in self._walk(place, tops, seen):
                yield path, False

    def _walk(self, top: str, tops: tuple[str, ...], seen: set[tuple[int, int]]) -> Iterator[str]:
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            try:
                if not _is_first(os.stat(directory), seen):
                    continue
                with os.scandir(directory) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.unread.append((directory, _why(error)))
                continue
            folders: list[str] = []
            for entry in listed:
                if entry.name.startswith("."):
                    self.hidden += 1
                    continue
                try:
                    found = entry.stat()
                except OSError as error:
                    self.unread.append((entry.path, _why(error)))
                    continue
                if S_ISDIR(found.st_mode):
                    self._folder(entry, tops, folders)
                elif entry.name.lower().endswith(OTHER_FORMATS):
                    self.others += 1
                elif _is_first(found, seen):
                    yield entry.path
            waiting += reversed(folders)

    def _folder(self, entry: "os.DirEntry[str]", tops: tuple[str, ...], folders: list[str]) -> None:
        """Descend into a directory, not into a link to one: the whole disk may be behind it."""
        if not entry.is_symlink():
            folders.append(entry.path)
            return
        target = os.path.realpath(entry.path)
        # A link to a place that is read already ("latest") leaves nothing out.
        if not any(f"{target}/".startswith(f"{top.rstrip('/')}/") for top in tops):
            self.unread.append((entry.path, "a link to a directory is not followed: name the directory itself"))


def _is_first(found: os.stat_result, seen: set[tuple[int, int]]) -> bool:
    """Whether this file or directory was not seen before, by whatever name."""
    identity = (found.st_dev, found.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def kind_of(mode: int) -> str:
    """Return the kind of a file that is not a regular one, for a message; "" for a regular file."""
    if S_ISREG(mode):
        return ""
    if S_ISDIR(mode):
        return "a directory"
    kinds = {0o010000: "a named pipe", 0o140000: "a socket", 0o060000: "a block device", 0o020000: "a character device"}
    return "a link" if S_ISLNK(mode) else kinds.get(mode & 0o170000, "not a regular file")


def _why(error: OSError) -> str:
    # ELOOP says "too many levels of symbolic links".
    return (error.strerror or str(error)).lower()
