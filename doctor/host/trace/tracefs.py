"""An instance of tracefs of doctor's own: its events are seen by nobody else, and it is removed afterwards.

Where tracefs is not mounted, a detached mount is used: it is in no mount table, and the kernel drops it with the process.
The instance would outlive a killed process: its directory is locked while it is used, and each trace removes instances
that nobody has locked. A note in /run, made before the instance and removed after it, shows one also where tracefs is not
mounted.
"""

import ctypes
import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock

from doctor.facts.starts.leftovers import TRACES
from doctor.state.reserve import Reservations

PREFIX = "doctor."
_MAGIC = 0x74726163
_SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 430, 431, 432  # the same on every architecture, since Linux 5.2
_CLOEXEC, _CREATE = 1, 6
_MANY_CPUS, _BUFFER_KB = 8, 64
_TRIES, _PAUSE_S = 5, 0.01
_LARGEST = 4 << 20
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class Tracefs:
    """The top of tracefs, as a directory descriptor."""

    def __init__(self) -> None:
        """Open it. Raises ``OSError`` if this kernel has none, or if it is refused (a user namespace, lockdown)."""
        self.descriptor = _mounted()
        if self.descriptor < 0:
            self.descriptor = _detached()

    def close(self) -> None:
        """Close it: a detached mount ends."""
        os.close(self.descriptor)

    def sweep(self) -> tuple[str, ...]:
        """Remove the instances of killed traces, and their notes; return their names."""
        found = tuple(name for name in self.instances() if self._is_dead(name, remove=True))
        # A note that still has an instance stays: the kernel may be busy with it.
        Reservations(TRACES).sweep(but=frozenset(self.instances()))
        return found

    def dead(self) -> tuple[str, ...]:
        """Return the instances of killed traces."""
        return tuple(name for name in self.instances() if self._is_dead(name, remove=False))

    def _is_dead(self, name: str, *, remove: bool) -> bool:
        """Whether nobody has an instance locked; it is removed while it is locked here."""
        with suppress(OSError):
            directory = os.open(f"instances/{name}", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.descriptor)
            try:
                flock(directory, LOCK_EX | LOCK_NB)
                if remove:
                    os.rmdir(f"instances/{name}", dir_fd=self.descriptor)
            finally:
                os.close(directory)
            return True
        return False

    def instances(self) -> tuple[str, ...]:
        """Return the names of doctor's instances."""
        directory = os.open("instances", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.descriptor)
        try:
            return tuple(sorted(name for name in os.listdir(directory) if name.startswith(PREFIX)))
        finally:
            os.close(directory)


class TraceInstance:
    """One instance: events with filters, a bounded buffer per CPU."""

    def __init__(self, tracefs: Tracefs) -> None:
        """Create it, with a note. Raises ``OSError``."""
        self._top = tracefs.descriptor
        self._notes = Reservations(TRACES)
        try:
            self.name, self._directory = self._made()
        except OSError:
            self._notes.close()
            raise

    def _made(self) -> tuple[str, int]:
        for _ in range(_TRIES):
            name = PREFIX + secrets.token_hex(8)
            self._notes.take(name)
            os.mkdir(f"instances/{name}", 0o700, dir_fd=self._top)
            with suppress(FileNotFoundError):
                directory = os.open(f"instances/{name}", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._top)
                flock(directory, LOCK_EX)
                # Between the two calls, another trace may have taken it for one of a killed process.
                with suppress(FileNotFoundError):
                    os.stat(f"instances/{name}", dir_fd=self._top)
                    return name, directory
                os.close(directory)
            self._notes.give_back(name)
        raise FileNotFoundError(errno.ENOENT, "each new instance was removed at once")

    def read(self, path: str) -> str:
        """Return a file of the instance, at most 4 MiB. Raises ``OSError``."""
        descriptor = os.open(path, os.O_RDONLY, dir_fd=self._directory)
        parts, size = [], 0
        try:
            while size < _LARGEST and (part := os.read(descriptor, 1 << 16)):
                parts.append(part)
                size += len(part)
        finally:
            os.close(descriptor)
        return b"".join(parts).decode("utf-8", "replace")

    def write(self, path: str, text: str) -> None:
        """Write a file of the instance. Raises ``OSError``."""
        descriptor = os.open(path, os.O_WRONLY, dir_fd=self._directory)
        raw = text.encode() or b"\n"
        try:
            # The kernel takes the names of events one by one.
            while raw and (taken := os.write(descriptor, raw)) > 0:
                raw = raw[taken:]
        finally:
            os.close(descriptor)

    def begin(self, filters: dict[str, str]) -> None:
        """Enable events (``net/netif_rx`` → filter, "" for none). Raises ``OSError``."""
        if (os.cpu_count() or 1) > _MANY_CPUS:
            # The default, 1.4 MiB per CPU, would be 360 MiB on a host with 256; the write costs 14 ms.
            self.write("buffer_size_kb", str(_BUFFER_KB))
        for event, text in filters.items():
            if text:
                self.write(f"events/{event}/filter", text)
        # One write: each event that is enabled by itself costs 10 ms.
        self.write("set_event", " ".join(event.replace("/", ":") for event in filters))

    def formats(self, events: tuple[str, ...]) -> dict[str, str]:
        """Return the ``format`` file of each of the events that this kernel has."""
        found = {}
        for event in events:
            with suppress(OSError):
                found[event] = self.read(f"events/{event}/format")
        return found

    def end(self) -> str:
        """Stop recording and return the recorded events as text."""
        self.write("tracing_on", "0")
        return self.read("trace")

    def stats(self) -> Iterator[str]:
        """Yield the statistics of each CPU's buffer."""
        directory = os.open("per_cpu", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._directory)
        try:
            names = os.listdir(directory)
        finally:
            os.close(directory)
        for name in names:
            yield self.read(f"per_cpu/{name}/stats")

    def remove(self) -> None:
        """Remove it. The kernel waits until no CPU uses it: 25 to 50 ms."""
        if self._directory < 0:
            return
        with suppress(OSError):
            self.write("set_event", "")
        for _ in range(_TRIES):
            try:
                os.rmdir(f"instances/{self.name}", dir_fd=self._top)
            except OSError as error:
                if error.errno != errno.EBUSY:
                    break
                time.sleep(_PAUSE_S)
            else:
                self._notes.close()
                break
        os.close(self._directory)
        self._directory = -1


def _mounted() -> int:
    """Return a descriptor of the mounted tracefs, -1 if it is not mounted."""
    for path in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                if _is_tracefs(descriptor):
                    return descriptor
            except OSError:
                pass
            os.close(descriptor)
    return -1


def _is_tracefs(descriptor: int) -> bool:
    """Whether a directory is the top of tracefs: the file that creates events is only there."""
    return "instances" in os.listdir(descriptor) and _magic(descriptor) == _MAGIC


def _magic(descriptor: int) -> int:
    buffer = ctypes.create_string_buffer(256)
    if _libc.fstatfs(descriptor, buffer):
        return 0
    return int.from_bytes(buffer.raw[: ctypes.sizeof(ctypes.c_long)], "little")


def _detached() -> int:
    context = _call(_SYS_FSOPEN, b"tracefs", _CLOEXEC)
    try:
        _call(_SYS_FSCONFIG, context, _CREATE, None, None, 0)
        return _call(_SYS_FSMOUNT, context, _CLOEXEC, 0)
    finally:
        os.close(context)


def _call(number: int, *arguments: object) -> int:
    found = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found
