"""The kubelet of a Kubernetes node, and how it runs containers."""

import time

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Kubelet(Struct, frozen=True, kw_only=True):
    """The kubelet of this host. The fact is missing if the host has none.

    Attributes:
        evidence: the file or process that shows it ("/var/lib/kubelet/config.yaml").
        endpoint: the container runtime's socket, "" if not configured.
        fails_on_swap: ``failSwapOn``, true by default.
        cgroup_driver: ``cgroupDriver``, "" if not configured.
        gaps: what could not be read.
    """

    evidence: str
    endpoint: str = ""
    fails_on_swap: bool = True
    cgroup_driver: str = ""
    gaps: tuple[Missing, ...] = ()

    @property
    def uses_docker(self) -> bool:
        """Whether it runs containers with dockerd: dockershim up to 1.23, cri-dockerd since."""
        return not self.endpoint or "dockershim" in self.endpoint or docker.CRI_PROCESS in self.endpoint

    @property
    def uses_containerd(self) -> bool:
        """Whether it runs containers with containerd."""
        return containerd.SOCKET_NAME in self.endpoint


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
