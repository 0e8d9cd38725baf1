"""/etc/docker/certs.d: authorities and client certificates of registries."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath

CERTS_D = HostPath("/etc/docker/certs.d")


class CertificateFlaw(Struct, frozen=True, kw_only=True):
    """A file that makes a registry unusable, or has no effect.

    Attributes:
        path: the file or directory.
        registry: the directory's name.
        why: the problem.
        stops_pulls: whether the engine refuses to talk to the registry because of it.
    """

    path: HostPath
    registry: str
    why: str
    stops_pulls: bool = True


class RegistryCertificates(Struct, frozen=True, kw_only=True):
    """The directories, each a registry.

    Attributes:
        authorities: registry → its *.crt files, links followed.
        clients: registry → certificate and key, links followed.
        flaws: what is wrong.
        gaps: what could not be read.
    """

    authorities: dict[str, tuple[HostPath, ...]] = {}
    clients: dict[str, tuple[HostPath, HostPath]] = {}
    flaws: tuple[CertificateFlaw, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def registries(self) -> tuple[str, ...]:
        """Return the registries that have files."""
        return tuple(dict.fromkeys((*self.authorities, *self.clients)))
