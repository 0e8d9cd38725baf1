"""The kubelet of a Kubernetes node, and how it runs containers."""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.missing import Missing


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
