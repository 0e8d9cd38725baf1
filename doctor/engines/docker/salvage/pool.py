"""Reads a devicemapper pool in two files: each thin device is assembled as a sparse file and mounted read-only.

No device-mapper is needed, and the pool itself is only read. Layout: moby daemon/graphdriver/devmapper/deviceset.go, v24
(``devicemapper/devicemapper/{data,metadata}``, ``devicemapper/metadata/ID`` with the device of each layer and container).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from msgspec import Struct

from doctor.facts.engine.data_root import DataRoot
from doctor.formats.json_safe import load_object
from doctor.formats.storage import thin_metadata
from doctor.host.base import Host
from doctor.host.loop_mount import LoopMounts
from doctor.host.recorded import RootHost
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.salvage.progress import human
from doctor.salvage.target import PART, Target

_BLOCK_BYTES = 64 << 10
"""The engine's block size of a pool (dm.blocksize)."""

_JSON_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_MAX_BYTES = 1 << 44
_OPEN = 2
"""Devices that stay mounted: a container's and its base."""


class Thin(Struct, frozen=True, kw_only=True):
    """A device as the engine knows it: its number in the pool and its size."""

    number: int
    size: int


class Pool:
    """The two files of a pool. Raises ``HostError`` if they can't be read or hold no pool."""

    def __init__(self, host: Host, root: DataRoot) -> None:
        self.top = root.at("devicemapper")
        self.thins = _thins(host, join(self.top, "metadata"))
        files = join(self.top, "devicemapper")
        self.data = host.open_fd(join(files, "data"), follow=False)
        try:
            self.list = host.open_fd(join(files, "metadata"), follow=False)
        except HostError:
            os.close(self.data)
            raise
        self.notes: list[str] = []
        try:
            self.metadata = self._metadata()
        except FormatError as error:
            self.close()
            raise HostError(Missing(Why.UNREADABLE, f"{files}/metadata: {error.what}")) from error
        self.devices = self.metadata.devices()
        if self.metadata.top.needs_check:
            self.notes.append("the devicemapper pool is marked as corrupt: only its valid metadata was read")

    @property
    def size(self) -> int:
        """Bytes of the data file: no file in it can have more data."""
        return os.fstat(self.data).st_size

    def close(self) -> None:
        """Close its files."""
        for descriptor in (self.data, self.list):
            with suppress(OSError):
                os.close(descriptor)

    def _metadata(self) -> thin_metadata.Metadata:
        wanted = frozenset(thin.number for thin in self.thins.values())
        try:
            found = thin_metadata.Metadata(self._read)
        except FormatError as error:
            made = self._recovered(wanted, _BLOCK_BYTES)
            self.notes.append(f"the devicemapper pool's {error.what}: it was read by its trees")
            return made
        there = found.devices().keys()
        if not found.errors or wanted <= there:
            return found
        # A corrupt list of devices: an older one may be intact.
        with suppress(FormatError):
            made = self._recovered(wanted, found.top.block_bytes)
            if len(made.devices()) > len(there):
                self.notes.append("the devicemapper pool's list of devices is corrupt: an older one was used")
                return made
        return found

    def _recovered(self, wanted: frozenset[int], block_bytes: int) -> thin_metadata.Metadata:
        blocks = os.fstat(self.list).st_size // thin_metadata.BLOCK_BYTES
        return thin_metadata.recovered(self._read, blocks, wanted, block_bytes)

    def _read(self, number: int) -> bytes:
        try:
            return os.pread(self.list, thin_metadata.BLOCK_BYTES, number * thin_metadata.BLOCK_BYTES)
        except (OSError, OverflowError):
            return b""

    def device(self, name: str) -> tuple[thin_metadata.ThinDevice, Thin]:
        """Return a layer's device by the layer's name. Raises ``HostError``."""
        thin = self.thins.get(name)
        found = self.devices.get(thin.number) if thin is not None else None
        if thin is None or found is None:
            what = "no record shows its device" if thin is None else f"device {thin.number} is not in the pool"
            raise HostError(Missing(Why.ABSENT, f"{self.top}/mnt/{name}: {what}"))
        return found, thin

    def copy(self, device: thin_metadata.ThinDevice, thin: Thin, write: Callable[[bytes, int], None]) -> int:
        """Copy a device's blocks from the pool; return how many bytes could not be read."""
        block = self.metadata.top.block_bytes
        lost = 0
        for start, place, count in self.metadata.mappings(device):
            offset, position = start * block, place * block
            end = min(offset + count * block, thin.size)
            while offset < end:
                chunk = self._piece(position, min(_CHUNK_BYTES, end - offset))
                if not chunk:
                    lost += end - offset
                    break
                if chunk.count(0) != len(chunk):
                    write(chunk, offset)
                offset, position = offset + len(chunk), position + len(chunk)
        return lost

    def _piece(self, position: int, size: int) -> bytes:
        try:
            return os.pread(self.data, size, position)
        except (OSError, OverflowError):
            return b""

    def bytes_of(self, device: thin_metadata.ThinDevice) -> int:
        """Return how many bytes are allocated to a device in the pool."""
        return sum(count for _, _, count in self.metadata.mappings(device)) * self.metadata.top.block_bytes


class Devices:
    """The mounted devices of a pool, below a directory of this process.

    Args:
        pool: holds the devices.
        target: holds the copies on its disk, one or two at a time.
        progress: receives the name of the device being copied.
    """

    def __init__(self, pool: Pool, target: Target, progress: Callable[[str], None]) -> None:
        self.pool = pool
        self.target = target
        self.progress = progress
        self.mounts = LoopMounts()
        self.notes: list[str] = []
        self.hosts: dict[str, RootHost] = {}
        self.failed: dict[str, HostError] = {}
        self.top = tempfile.mkdtemp(prefix="doctor-salvage-")

    def host(self, name: str) -> RootHost:
        """Return the files of a device. Raises ``HostError``, and ``DoctorError`` if the disk has no room for a
        copy.
        """
        if name in self.failed:
            raise self.failed[name]
        if name in self.hosts:
            # The least recently used one is unmounted first.
            self.hosts[name] = self.hosts.pop(name)
            return self.hosts[name]
        while len(self.hosts) >= _OPEN:
            self._drop(next(iter(self.hosts)))
        try:
            self.hosts[name] = self._opened(name)
        except HostError as error:
            self.failed[name] = error
            raise
        return self.hosts[name]

    def _opened(self, name: str) -> RootHost:
        device, thin = self.pool.device(name)
        size = self.pool.bytes_of(device)
        self.target.need(size, f"a copy of device {name[:12]}")
        self.progress(f"device {name[:12]} of the pool: {human(size)}")
        directory = os.path.join(self.top, name)
        with _scratch(self.target, thin.size) as (image, write):
            lost = self.pool.copy(device, thin, write)
            os.mkdir(directory)
            try:
                is_replayed = self.mounts.mount(image, directory)
            except HostError as error:
                os.rmdir(directory)
                text = f"{self.pool.top}/mnt/{name}: {error.missing.reason}"
                raise HostError(Missing(error.missing.why, text)) from error
        # The mount holds the unlinked copy: its space is freed at unmount.
        self._note(name, device, size, lost, is_replayed=is_replayed)
        return RootHost(directory)

    def _note(self, name: str, device: thin_metadata.ThinDevice, size: int, lost: int, *, is_replayed: bool) -> None:
        title = f"device {name[:12]} of the pool"
        mapped = device.mapped_blocks * self.pool.metadata.top.block_bytes
        if lost:
            self.notes.append(f"{title}: {human(lost)} are beyond the end of the pool or unreadable")
        if 0 <= mapped != size:
            self.notes.append(f"{title} has {human(size)}, its record says {human(mapped)}: part of it may be lost")
        if not is_replayed:
            self.notes.append(f"{title}: the journal of its file system could not be replayed")

    def _drop(self, name: str) -> None:
        self.hosts.pop(name).close()
        directory = os.path.join(self.top, name)
        self.mounts.unmount(directory)
        with suppress(OSError):
            os.rmdir(directory)

    def close(self) -> None:
        """Unmount all of them."""
        for name in list(self.hosts):
            self._drop(name)
        with suppress(OSError):
            os.rmdir(self.top)


@contextmanager
def _scratch(target: Target, size: int) -> Iterator[tuple[str, Callable[[bytes, int], None]]]:
    """Create a sparse file on the target's disk; yield its path and a writer. It is unlinked at the end of the
    block.
    """
    name = f"{PART}device"
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=target.top)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(name, flags, 0o600, dir_fd=target.top), "r+b", buffering=0) as stream:
            stream.truncate(size)

            def write(content: bytes, offset: int) -> None:
                done = 0
                while done < len(content):
                    done += os.pwrite(stream.fileno(), content[done:], offset + done)

            yield os.path.join(target.path, name), write
    except OSError as error:
        raise target.failed(error) from error
    finally:
        with suppress(OSError):
            os.unlink(name, dir_fd=target.top)


def _thins(host: Host, top: HostPath) -> dict[str, Thin]:
    """Return the devices of layers and containers by name, as far as the engine's records are readable."""
    found = {}
    for name, thin in _records(host, top):
        number, size = thin.get("device_id"), thin.get("size")
        if isinstance(number, int) and isinstance(size, int) and 0 < size <= _MAX_BYTES:
            found[name] = Thin(number=number, size=size)
    return found


def _records(host: Host, top: HostPath) -> Iterator[tuple[str, dict[str, object]]]:
    for name, _ in host.scandir(top, follow=False):
        with suppress(HostError, FormatError):
            yield name, load_object(host.read(join(top, name), follow=False, limit_bytes=_JSON_BYTES))
