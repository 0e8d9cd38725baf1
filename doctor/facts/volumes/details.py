"""Details of findings about volumes: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.model.paths import HostPath


class VolumeOptions(Struct, frozen=True, kw_only=True):
    """A volume, and the file of its options."""

    volume: str
    path: HostPath


class DataGone(Struct, frozen=True, kw_only=True):
    """The path of the missing data, and whether the volume's own options mount something there."""

    path: HostPath
    is_mount_point: bool


class VolumeGone(Struct, frozen=True, kw_only=True):
    """The volume database, which the next start of the engine changes."""

    database: HostPath
    is_guarded: bool
