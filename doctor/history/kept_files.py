"""Reads a consistent copy of a file for the metadata backup, even while an engine writes."""

from hashlib import sha256

from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.errors import DoctorError, FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.view import Stat
from doctor.state.metadata import MAX_FILE_BYTES

# A commit of bolt takes milliseconds; a file that changes during each of five reads is not a coincidence.
_TRIES = 5


class UnsteadyError(DoctorError):
    """A file that was inconsistent at every read."""


def read_steady(host: Host, name: str, path: HostPath, found: Stat) -> bytes:
    """Return a consistent content of the file that ``found`` describes; ``name`` is its path relative to the data root.

    dockerd holds the lock of its bolt files as long as it runs, so such a file is read until two reads agree and both
    its tree and its free list are intact. All other files are replaced by rename. Raises ``HostError``,
    ``UnsteadyError``.
    """
    if found.size > MAX_FILE_BYTES:
        raise HostError(Missing(Why.UNREADABLE, f"{path}: larger than {MAX_FILE_BYTES} bytes"))
    data = host.read(path, follow=False, limit_bytes=MAX_FILE_BYTES)
    if not name.endswith(".db"):
        if len(data) != found.size or not _is_whole(name, data):
            raise UnsteadyError("it changed while it was read", where=path)
        return data
    for _ in range(_TRIES):
        again = host.read(path, follow=False, limit_bytes=MAX_FILE_BYTES)
        if again == data and _is_sound(data):
            return data
        data = again
    raise UnsteadyError("it changed each time it was read", where=path)


def _is_sound(data: bytes) -> bool:
    from doctor.formats.databases.bolt import read  # noqa: PLC0415 - only for a changed database

    try:
        return bool(data) and read(data).is_sound
    except FormatError:
        return False


def _is_whole(name: str, data: bytes) -> bool:
    """Whether a content has the format of its name, as far as a cheap check shows."""
    last = name.rpartition("/")[2]
    if is_hex64(last):
        return sha256(data).hexdigest() == last
    if name.endswith(".json"):
        return data.rstrip()[-1:] in {b"}", b"]"}
    return bool(data.strip(b"\0 \n")) if not name.endswith(".gz") else data[:2] == b"\x1f\x8b"
