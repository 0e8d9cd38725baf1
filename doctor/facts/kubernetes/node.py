"""The kubelet's credentials and the network configuration of a Kubernetes node."""

import time

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class KubeletCredentials(Struct, frozen=True, kw_only=True):
    """How the kubelet of a node that kubeadm set up identifies itself; missing on other nodes.

    Attributes:
        kubeconfig: the file with its server and certificate; ``bootstrap`` the one with a token for the first contact.
        has_kubeconfig: whether it exists; likewise ``has_bootstrap`` and ``has_config``, the kubelet's own settings file.
        config: the kubelet's settings file.
        certificate: the client certificate, "" if none exists.
        not_after: its last second since the epoch, 0.0 if it can't be decoded.
        now: the host's time.
        gaps: what could not be read.
    """

    kubeconfig: HostPath
    bootstrap: HostPath
    config: HostPath
    has_kubeconfig: bool = False
    has_bootstrap: bool = False
    has_config: bool = False
    certificate: str = ""
    not_after: float = 0.0
    now: float = 0.0
    gaps: tuple[Missing, ...] = ()

    @property
    def is_expired(self) -> bool:
        """Whether the certificate has expired."""
        return 0 < self.not_after < self.now

    @property
    def last_day(self) -> str:
        """Return the certificate's last day, in UTC."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.not_after))


class CniConfig(Struct, frozen=True, kw_only=True):
    """The network configuration of a node that has joined a cluster; missing on other nodes.

    Attributes:
        directory: where the runtime looks for it, ``exists`` whether it is there.
        files: the names of its configuration files.
        programs: the number of network plugins in ``/opt/cni/bin``.
    """

    directory: HostPath
    exists: bool = False
    files: tuple[str, ...] = ()
    programs: int = 0
