"""Things of the host outside the data root that containers name."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class ContainerSources(Struct, frozen=True, kw_only=True):
    """Which of them are not there; absent for a host that is no running machine, where /dev says nothing.

    Attributes:
        devices: container id → paths given with ``--device``.
        mounts: container id → sources of mounts that the engine does not make itself (``--mount type=bind``).
        gaps: what could not be examined.
    """

    devices: dict[str, tuple[HostPath, ...]] = {}
    mounts: dict[str, tuple[HostPath, ...]] = {}
    gaps: tuple[Missing, ...] = ()
