"""Devices and mount sources outside the data root that containers name."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class ContainerSources(Struct, frozen=True, kw_only=True):
    """The missing ones; absent for a host that is not a running machine, because its /dev is not populated.

    Attributes:
        devices: container id → paths given with ``--device``.
        mounts: container id → sources of mounts that the engine does not create itself (``--mount type=bind``).
        plugins: container id → volume plugins that the running engine does not list and that have neither a socket nor a spec file.
        gaps: what could not be examined.
    """

    devices: dict[str, tuple[HostPath, ...]] = {}
    mounts: dict[str, tuple[HostPath, ...]] = {}
    plugins: dict[str, tuple[str, ...]] = {}
    gaps: tuple[Missing, ...] = ()
