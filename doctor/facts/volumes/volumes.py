"""Volumes of the local driver on disk."""

from typing import Annotated

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.formats.images.oci_digest import is_hex64
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join
from doctor.model.secret import SECRET, Guarded

_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


class VolumeDirectory(Guarded, frozen=True, kw_only=True):
    """One directory below ``volumes/``.

    Attributes:
        name: name of the volume.
        data_kind: kind letter of ``_data``, for a link that of its target; "" if it is missing.
        options_status: status of ``opts.json``: ``absent`` (a plain volume), ``ok`` or ``broken``.
        options_problem: the problem of a corrupt one.
        mount_type: ``type`` of the options ("nfs", "tmpfs"), "" for none; ``mount_options`` may hold a password.
    """

    name: str
    data_kind: str
    options_status: str
    options_problem: str = ""
    mount_type: str = ""
    mount_device: str = ""
    mount_options: Annotated[str, SECRET] = ""

    @property
    def is_anonymous(self) -> bool:
        """Whether the engine generated its name."""
        return is_hex64(self.name)


class Volumes(Struct, frozen=True, kw_only=True):
    """The directories of local volumes.

    Attributes:
        top: ``volumes``.
        items: by name.
        gaps: what could not be examined.
    """

    top: HostPath
    items: dict[str, VolumeDirectory] = {}
    gaps: tuple[Missing, ...] = ()

    def data_path(self, name: str) -> HostPath:
        """Return the directory with a volume's files."""
        return join(self.top, name, docker.VOLUME_DATA)

    def options_path(self, name: str) -> HostPath:
        """Return the path of a volume's options."""
        return join(self.top, name, docker.VOLUME_OPTIONS)


def options_content(options: dict[str, str]) -> bytes | None:
    """Return the ``opts.json`` that dockerd writes for a volume's options; ``None`` if it does not know one of them.

    Source: Moby volume/local/local_unix.go (optsConfig); "size" is a quota in bytes, with docker's units.

    >>> options_content({"type": "tmpfs", "o": "size=1m", "device": "tmpfs"})
    b'{"MountType":"tmpfs","MountOpts":"size=1m","MountDevice":"tmpfs","Quota":{"Size":0}}'
    """
    import json  # noqa: PLC0415 - only for a repair

    known = {key.lower(): value for key, value in options.items()}
    if not known.keys() <= {"type", "o", "device", "size"}:
        return None
    size = _bytes(known.get("size", "0"))
    if size is None:
        return None
    document = {
        "MountType": known.get("type", ""),
        "MountOpts": known.get("o", ""),
        "MountDevice": known.get("device", ""),
        "Quota": {"Size": size},
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _bytes(text: str) -> int | None:
    """Parse a size like docker's units package: 1024-based, "10m", "1GiB"."""
    lowered = text.strip().lower()
    number = lowered.rstrip("bkmgtpi ")
    unit = lowered[len(number) :].strip().removesuffix("b").removesuffix("i")
    if not number.isascii() or not number.isdigit() or unit not in _UNITS:
        return None
    return int(number) << _UNITS[unit]
