"""The image of the first container of each pod (pause)."""

from msgspec import Struct

from doctor.model.missing import Missing


class SandboxImage(Struct, frozen=True, kw_only=True):
    """The sandbox image of a Kubernetes node that has joined its cluster; missing on other hosts.

    Attributes:
        name: its name, "" if no setting names it and the default is unknown.
        source: what names it ("/etc/containerd/config.toml", "containerd config default").
        is_there: whether containerd has it for Kubernetes.
        others: names of other images of this kind that it has.
        pods: the number of pods and containers that run.
        gaps: what could not be read.
    """

    name: str = ""
    source: str = ""
    is_there: bool = False
    others: tuple[str, ...] = ()
    pods: int = 0
    gaps: tuple[Missing, ...] = ()


def full_name(image: str) -> str:
    """Return an image's name as containerd keeps it.

    >>> full_name("pause:3.9"), full_name("rancher/pause:3.6"), full_name("registry.k8s.io/pause:3.9"), full_name("r:5000/p")
    ('docker.io/library/pause:3.9', 'docker.io/rancher/pause:3.6', 'registry.k8s.io/pause:3.9', 'r:5000/p:latest')
    """
    first, slash, rest = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{first}/{rest}"
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"
