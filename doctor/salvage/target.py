"""The target directory of a salvage: blobs by digest, no partial file under its final name.

An interrupted salvage is continued: an existing blob with the right digest is not rewritten. The disk is never filled:
each file needs room for itself and a margin.
"""

import errno
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import count

from msgspec import DecodeError

from doctor.model.errors import DoctorError, RefusedError
from doctor.salvage.progress import human
from doctor.salvage.results import Blob
from doctor.state import host_json

_LAYERS = ".doctor-layers"
PART = ".part-"
_BLOBS = "blobs/sha256"
_MARGIN_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Sink:
    """A file being written: each piece completely, or an error."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.size = 0

    def write(self, content: bytes) -> None:
        """Write a whole piece."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        self.size += len(content)


def need(descriptor: int, path: str, size: int, what: str) -> None:
    """Raise ``RefusedError`` unless the file system of an open file has room for ``size`` bytes and a margin."""
    found = os.fstatvfs(descriptor)
    margin = min(_MARGIN_BYTES, found.f_blocks * found.f_frsize // 50)
    free = found.f_bavail * found.f_frsize - margin
    if size > free or (found.f_files and not found.f_favail):
        raise full(path, f"{what} needs {human(size)}, but {human(max(0, free))} are available")


class Target:
    """An open target. Every name is resolved below its descriptor, links are not followed."""

    def __init__(self, path: str, descriptor: int, *, is_shared: bool, level: int) -> None:
        self.path = path
        self.top = descriptor
        self.file_mode = 0o644 if is_shared else 0o600
        self.directory_mode = 0o755 if is_shared else 0o700
        self.level = level
        self.bytes_written = 0
        self.bytes_kept = 0
        self.packed: dict[str, Blob] = {}

    # Names and space.

    def make(self, name: str) -> None:
        """Create a directory below the target, and its parents."""
        made = ""
        for part in name.split("/"):
            made = f"{made}/{part}" if made else part
            with suppress(FileExistsError):
                os.mkdir(made, self.directory_mode, dir_fd=self.top)
            found = os.stat(made, dir_fd=self.top, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                raise RefusedError("a file is in place of the directory", where=f"{self.path}/{made}")

    def need(self, size: int, what: str) -> None:
        """Raise ``RefusedError`` unless there is room for ``size`` bytes, with a margin that stays free."""
        need(self.top, self.path, size, what)

    @contextmanager
    def writing(self, name: str, *, is_private: bool = False) -> Iterator[Sink]:
        """Open a new file under a temporary name; if the block succeeds it is synced and renamed."""
        directory, _, last = name.rpartition("/")
        temporary = f"{directory}/{PART}{last}" if directory else f"{PART}{last}"
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=self.top)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(temporary, flags, 0o600 if is_private else self.file_mode, dir_fd=self.top)
            with open(descriptor, "wb", buffering=0) as stream:
                yield Sink(stream.fileno())
                os.fsync(stream.fileno())
            os.rename(temporary, name, src_dir_fd=self.top, dst_dir_fd=self.top)
            self._sync(directory or ".")
        except BaseException as error:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=self.top)
            if isinstance(error, OSError):
                raise self.failed(error) from error
            raise

    def set_aside(self, name: str) -> str:
        """Rename a file to its name with the first free number, and return that."""
        directory, _, last = name.rpartition("/")
        descriptor = os.open(directory or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.top)
        try:
            taken = set(os.listdir(descriptor))
        finally:
            os.close(descriptor)
        number = next(number for number in count(1) if f"{last}.{number}" not in taken)
        os.rename(name, f"{name}.{number}", src_dir_fd=self.top, dst_dir_fd=self.top)
        return f"{name}.{number}"

    def failed(self, error: OSError) -> DoctorError:
        """Return the error for a failed write."""
        if error.errno in _FULL:
            return full(self.path, "the disk is full")
        return DoctorError(f"can't write: {error.strerror}", where=self.path, do="choose another --to DIR")

    def _sync(self, directory: str) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.top)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def put(self, name: str, content: bytes, *, is_private: bool = False) -> None:
        """Write or replace a small file; a private one is readable by its owner only, in a shared target too."""
        self.need(len(content), name)
        with self.writing(name, is_private=is_private) as stream:
            stream.write(content)

    # Blobs.

    def blob(self, content: bytes) -> Blob:
        """Write a small blob unless it exists."""
        digest = sha256(content).hexdigest()
        if self._digest(digest) is None:
            self.put(f"{_BLOBS}/{digest}", content)
            self.bytes_written += len(content)
        return Blob(digest=f"sha256:{digest}", size=len(content))

    def kept(self, diff: str) -> Blob | None:
        """Return an existing layer blob if its digest and that of its tar match; otherwise ``None``."""
        digits = diff.removeprefix("sha256:")
        plain = self._digest(digits)
        found: Blob | None = None
        if plain is not None:
            found = Blob(digest=diff, size=plain, diff=diff)
        elif diff in self.packed and self._is_packed(self.packed[diff]):
            found = self.packed[diff]
        if found is not None:
            self.bytes_kept += found.size
        return found

    def copied(self, digits: str, pieces: Iterable[bytes], size: int, what: str) -> Blob | None:
        """Copy a blob unchanged unless it exists; ``None`` if its content doesn't match its digest."""
        there = self._digest(digits)
        if there is not None:
            self.bytes_kept += there
            return Blob(digest=f"sha256:{digits}", size=there)
        found = self.layer(pieces, size, f"sha256:{digits}", what, is_plain=True)
        return None if found is None else Blob(digest=found.digest, size=found.size)

    def layer(
        self, pieces: Iterable[bytes], size: int, wanted: str, what: str, *, is_plain: bool = False
    ) -> Blob | None:
        """Write a layer's tar of about ``size`` bytes; ``None``, with the file removed, if its digest is not
        ``wanted``.

        With ``wanted`` "" any digest is accepted; ``is_plain`` never compresses.
        """
        self.need(size, what)
        plain, packed = sha256(), sha256()
        packer = zlib.compressobj(self.level, wbits=31) if self.level and not is_plain else None
        # The digest, and so the name, is known only at the end.
        name = f"{_BLOBS}/{PART}layer"
        with self._temporary(name) as sink:
            for piece in pieces:
                plain.update(piece)
                out = packer.compress(piece) if packer else piece
                if packer:
                    packed.update(out)
                sink.write(out)
            if packer:
                out = packer.flush()
                packed.update(out)
                sink.write(out)
            diff = f"sha256:{plain.hexdigest()}"
            if wanted and diff != wanted:
                return None
            os.fsync(sink.descriptor)
            digest = packed.hexdigest() if packer else plain.hexdigest()
            os.rename(name, f"{_BLOBS}/{digest}", src_dir_fd=self.top, dst_dir_fd=self.top)
            self._sync(_BLOBS)
        found = Blob(digest=f"sha256:{digest}", size=sink.size, diff=diff)
        self.bytes_written += sink.size
        if packer:
            self._note(found)
        return found

    @contextmanager
    def _temporary(self, name: str) -> Iterator[Sink]:
        """Open a file that is removed at the end of the block unless it was renamed."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with open(os.open(name, flags, self.file_mode, dir_fd=self.top), "wb", buffering=0) as stream:
                yield Sink(stream.fileno())
        except OSError as error:
            raise self.failed(error) from error
        finally:
            with suppress(OSError):
                os.unlink(name, dir_fd=self.top)

    def has(self, blob: Blob) -> bool:
        """Whether a file with a blob's name and size exists; its digest was checked when it was written."""
        try:
            found = os.stat(f"{_BLOBS}/{blob.digest[7:]}", dir_fd=self.top, follow_symlinks=False)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == blob.size

    def open_blob(self, blob: Blob) -> int:
        """Return a descriptor of a blob for reading."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(f"{_BLOBS}/{blob.digest[7:]}", flags, dir_fd=self.top)

    def _digest(self, digits: str) -> int | None:
        """Return the size of an existing, intact blob, otherwise ``None``."""
        found = sha256()
        size = 0
        try:
            for chunk in self._chunks(digits):
                found.update(chunk)
                size += len(chunk)
        except OSError:
            return None
        return size if found.hexdigest() == digits else None

    def _is_packed(self, blob: Blob) -> bool:
        """Whether a compressed layer is intact and contains the layer's tar."""
        packed, plain = sha256(), sha256()
        unpacker = zlib.decompressobj(31)
        try:
            for chunk in self._chunks(blob.digest[7:]):
                packed.update(chunk)
                rest = chunk
                while rest:
                    plain.update(unpacker.decompress(rest, _CHUNK_BYTES))
                    rest = unpacker.unconsumed_tail
        except (OSError, zlib.error):
            return False
        return f"sha256:{packed.hexdigest()}" == blob.digest and f"sha256:{plain.hexdigest()}" == blob.diff

    def _chunks(self, digits: str) -> Iterator[bytes]:
        descriptor = self.open_blob(Blob(digest=f"sha256:{digits}", size=0))
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a file")
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                yield chunk
        finally:
            os.close(descriptor)

    # State for a later run.

    def _note(self, blob: Blob) -> None:
        """Record the blob of a layer's compressed tar: its name doesn't show the layer."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(_LAYERS, flags, self.file_mode, dir_fd=self.top)
        try:
            os.write(descriptor, host_json.encode(blob) + b"\n")
        finally:
            os.close(descriptor)
        self.packed[blob.diff] = blob

    def resume(self) -> None:
        """Remove partial files of an interrupted run, and read its records."""
        self.make(_BLOBS)
        for directory in (".", _BLOBS):
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.top)
            try:
                for name in os.listdir(descriptor):
                    if name.startswith(PART):
                        os.unlink(name, dir_fd=descriptor)
            finally:
                os.close(descriptor)
        with suppress(FileNotFoundError):
            descriptor = os.open(_LAYERS, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.top)
            with open(descriptor, "rb") as stream:
                for line in stream:
                    # The last line may be truncated; the layer is then compressed again.
                    with suppress(DecodeError):
                        blob = host_json.decode(line, Blob)
                        self.packed[blob.diff] = blob


def full(path: str, why: str) -> RefusedError:
    """Return the error for a disk without enough space."""
    return RefusedError(
        f"not written: {why}",
        where=path,
        do="choose a larger disk, name the images you need, or add --compress; files already written are kept and reused",
    )
