"""Records which volumes and writable layers an earlier run wrote: an interrupted salvage does not copy a terabyte
twice.

A tar is reused if nothing in the directory changed since (names, sizes, times, inodes) and the file still has its
recorded digest.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256

from msgspec import DecodeError, Struct

from doctor.salvage.results import WrittenTree
from doctor.salvage.target import Target
from doctor.state import host_json

_FILE = ".doctor-trees"
_CHUNK_BYTES = 1 << 20
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Noted(Struct, frozen=True, kw_only=True):
    """A completely written tar.

    Attributes:
        tree: its source; its file is relative to the target.
        mark: of the directory at that time (`TreeTar.mark`).
        digest: sha256 of the tar.
    """

    tree: WrittenTree
    mark: str
    digest: str


class TargetMemory:
    """The records in one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.noted: dict[str, Noted] = {}
        with suppress(FileNotFoundError):
            descriptor = os.open(_FILE, os.O_RDONLY | _FLAGS, dir_fd=target.top)
            with open(descriptor, "rb") as stream:
                for line in stream:
                    # The last line may be truncated; that tar is then rewritten.
                    with suppress(DecodeError):
                        found = host_json.decode(line, Noted)
                        self.noted[found.tree.file] = found

    def find(self, file: str, mark: str) -> WrittenTree | None:
        """Return the record of a file if it still matches the directory."""
        found = self.noted.get(file)
        if found is None or found.mark != mark or not mark:
            return None
        return found.tree if self.digest(file) == found.digest else None

    def digest(self, file: str) -> str:
        """Return the sha256 of a file of the target, "" if it can't be read or does not exist."""
        digest = sha256()
        try:
            for chunk in self._chunks(file):
                digest.update(chunk)
        except OSError:
            return ""
        return digest.hexdigest()

    def note(self, noted: Noted) -> None:
        """Record a completely written tar."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _FLAGS
        descriptor = os.open(_FILE, flags, self.target.file_mode, dir_fd=self.target.top)
        try:
            os.write(descriptor, host_json.encode(noted) + b"\n")
        finally:
            os.close(descriptor)

    def _chunks(self, file: str) -> Iterator[bytes]:
        descriptor = os.open(file, os.O_RDONLY | _FLAGS, dir_fd=self.target.top)
        try:
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                yield chunk
        finally:
            os.close(descriptor)
