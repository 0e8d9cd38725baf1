"""Reserves names for a process of doctor, such as addresses and ports for its containers; each entry is locked by its owner.

An entry is a file ``reserved/address-172.17.255.254`` or ``reserved/port-tcp-8080`` with the owner's process id. Its
lock is held by a descriptor that the runtime inherits, so the kernel releases it with the last process of the run; the
next doctor removes files without a lock holder.
"""

import fcntl
import os
from contextlib import suppress

from doctor.model.errors import DoctorError
from doctor.state.files import ensure_dir
from doctor.state.paths import state_dir

_NAME = "reserved"


class Reservations:
    """Entries of this process. On a read-only host there is no record, and every entry is free."""

    def __init__(self, directory: str = "", *, is_handed_on: bool = False) -> None:
        """Open the record, by default the one of addresses and ports; ``is_handed_on``: entries are inherited by the program that
        this process executes.
        """
        self._is_handed_on = is_handed_on
        self._held: dict[str, int] = {}
        self._directory = directory or os.path.join(state_dir(), _NAME)

    def take(self, entry: str) -> bool:
        """Reserve an entry; ``False`` if another doctor's container holds it, or this process itself."""
        if entry in self._held:
            return False
        try:
            ensure_dir(self._directory)
            descriptor = _locked(os.path.join(self._directory, entry))
        except (DoctorError, OSError):
            return True
        if descriptor is None:
            return False
        # Only the lock counts; the pid is informative, and missing on a full disk.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        os.set_inheritable(descriptor, self._is_handed_on)
        self._held[entry] = descriptor
        return True

    def give_back(self, entry: str) -> None:
        """Release an entry."""
        descriptor = self._held.pop(entry, -1)
        if descriptor >= 0:
            _remove(os.path.join(self._directory, entry), descriptor)

    def close(self) -> None:
        """Release all entries."""
        for entry in list(self._held):
            self.give_back(entry)

    def sweep(self, but: frozenset[str] = frozenset()) -> None:
        """Remove the files of entries without a lock holder, except some."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return
        for name in set(names) - but:
            path = os.path.join(self._directory, name)
            try:
                descriptor = None if name in self._held else _locked(path, create=False)
            except OSError:
                continue
            if descriptor is not None:
                _remove(path, descriptor)


def _locked(path: str, *, create: bool = True) -> int | None:
    """Return a descriptor that holds the lock on the current file at ``path``, ``None`` if it is locked by another."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _stands(path, descriptor):
            return descriptor
        os.close(descriptor)


def _stands(path: str, descriptor: int) -> bool:
    """Whether the file was not removed between open and lock."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove(path: str, descriptor: int) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
    finally:
        os.close(descriptor)
