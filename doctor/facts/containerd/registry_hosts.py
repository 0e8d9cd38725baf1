"""The registries' settings of containerd on a Kubernetes node."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class HostsFlaw(Struct, frozen=True, kw_only=True):
    """A flaw of a hosts.toml.

    Attributes:
        path: the file; ``registry`` the directory's name.
        why: why containerd ignores the file, "" if it reads it.
        lost: a certificate or key that it names and that does not exist, "" for none.
    """

    path: HostPath
    registry: str
    why: str = ""
    lost: str = ""


class RegistryHostsFiles(Struct, frozen=True, kw_only=True):
    """The flaws of all hosts.toml; missing if the settings name no directory of them."""

    flaws: tuple[HostsFlaw, ...] = ()
    gaps: tuple[Missing, ...] = ()
