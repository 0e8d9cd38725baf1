"""Follows the includes of /etc/network/interfaces."""

import re
from collections.abc import Iterator
from posixpath import normpath
from typing import Protocol

from doctor.formats.network import ifupdown
from doctor.formats.network.configured import ConfiguredNetwork
from doctor.model.paths import HostPath

_TOP = HostPath("/etc/network/interfaces")
_MANY = 64
_IN_DIRECTORY = re.compile(r"[A-Za-z0-9_-]+")


class FileReader(Protocol):
    """Reads files and directories; both are empty if they can't be read."""

    def files(self, directory: str, pattern: str) -> list[HostPath]:
        """Return the files of a directory by name."""
        ...

    def text(self, path: HostPath) -> str:
        """Return the text of a file."""
        ...


def interfaces(reader: FileReader) -> Iterator[ConfiguredNetwork]:
    """Yield the settings of each file, in the order in which ifup reads them; a file that includes itself is read once."""
    waiting = [_TOP]
    seen: set[str] = set()
    while waiting and len(seen) < _MANY:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        found = ifupdown.parse(reader.text(path), path)
        yield found.config
        base = path.rpartition("/")[0]
        waiting = [included for one in found.sourced for included in _included(reader, one, base)] + waiting


def _included(reader: FileReader, one: ifupdown.Sourced, base: str) -> Iterator[HostPath]:
    # A file has one name here, so that one that includes itself by "../interfaces" is recognized.
    pattern = normpath(one.pattern if one.pattern.startswith("/") else f"{base}/{one.pattern}")
    directory, _, name = pattern.rpartition("/")
    if one.is_directory:
        yield from (path for path in reader.files(pattern, "*") if _IN_DIRECTORY.fullmatch(path.rpartition("/")[2]))
    else:
        yield from (path for folder in _folders(reader, directory) for path in reader.files(folder, name))


def _folders(reader: FileReader, pattern: str) -> Iterator[str]:
    """Yield the directories of a pattern, of which one part may have stars."""
    above, _, rest = pattern.partition("*")
    if not rest and "*" not in pattern:
        yield pattern
        return
    head, _, start = above.rpartition("/")
    middle, _, tail = rest.partition("/")
    for folder in reader.files(head, f"{start}*{middle}"):
        yield f"{folder}/{tail}".rstrip("/")
