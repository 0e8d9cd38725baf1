"""Whether this host is a Kubernetes node, and how its kubelet runs containers."""

from msgspec import Struct

from doctor.model.missing import Missing


class Kubelet(Struct, frozen=True, kw_only=True):
    """The kubelet of this host. The fact is missing where there is none.

    Attributes:
        binary: its path, "" if only its files are there.
        is_running: whether its process is seen; ``None`` on a mounted root.
        evidence: the file or process that shows it ("/var/lib/kubelet/config.yaml").
        endpoint: the container runtime's socket, "" if nothing names it.
        fails_on_swap: ``failSwapOn``, true by default.
        cgroup_driver: ``cgroupDriver``, "" if nothing names it.
        gaps: what could not be read.
    """

    evidence: str
    binary: str = ""
    is_running: bool | None = None
    endpoint: str = ""
    fails_on_swap: bool = True
    cgroup_driver: str = ""
    gaps: tuple[Missing, ...] = ()

    @property
    def uses_docker(self) -> bool:
        """Whether it runs containers with dockerd: dockershim up to 1.23, cri-dockerd since."""
        return not self.endpoint or "dockershim" in self.endpoint or "cri-dockerd" in self.endpoint

    @property
    def uses_containerd(self) -> bool:
        """Whether it runs containers with containerd."""
        return "containerd.sock" in self.endpoint
