"""What containers of doctor's have on this host's network: a record of addresses and ports, each locked by who has it.

An entry is a file ``reserved/address-172.17.255.254`` or ``reserved/port-tcp-8080`` with the owner's process id. Its lock is held by a
descriptor that goes on to the runtime, so the kernel lets go of it with the last process of the run, however that ends; the next doctor
removes files that nobody holds.
"""

import fcntl
import os
from contextlib import suppress

from doctor.model.errors import DoctorError
from doctor.state.files import ensure_dir
from doctor.state.paths import state_dir

_NAME = "reserved"


class Reservations:
    """Entries of this process. On a host where nothing can be written there is no record, and every entry is free."""

    def __init__(self, *, is_handed_on: bool = False) -> None:
        """Open the record; ``is_handed_on``: entries outlive this process in the program that it becomes."""
        self._is_handed_on = is_handed_on
        self._held: dict[str, int] = {}
        self._directory = os.path.join(state_dir(), _NAME)

    def take(self, entry: str) -> bool:
        """Reserve an entry; ``False`` where another doctor's container has it. What this process has it can't take again."""
        if entry in self._held:
            return False
        try:
            ensure_dir(self._directory)
            descriptor = _locked(os.path.join(self._directory, entry))
        except (DoctorError, OSError):
            return True
        if descriptor is None:
            return False
        # The lock is what counts; the number is for a person, and a full disk does not take it.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        os.set_inheritable(descriptor, self._is_handed_on)
        self._held[entry] = descriptor
        return True

    def give_back(self, entry: str) -> None:
        """Let go of an entry."""
        descriptor = self._held.pop(entry, -1)
        if descriptor >= 0:
            _remove(os.path.join(self._directory, entry), descriptor)

    def close(self) -> None:
        """Let go of all entries."""
        for entry in list(self._held):
            self.give_back(entry)

    def sweep(self) -> None:
        """Remove the files of entries that nobody has."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return
        for name in names:
            path = os.path.join(self._directory, name)
            try:
                descriptor = None if name in self._held else _locked(path, create=False)
            except OSError:
                continue
            if descriptor is not None:
                _remove(path, descriptor)


def _locked(path: str, *, create: bool = True) -> int | None:
    """Return a descriptor that holds the lock on the file that stands at ``path`` now, ``None`` where another holds it."""
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
    """Whether the file was not removed between its opening and its locking."""
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
