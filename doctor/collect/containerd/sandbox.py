"""Looks for the image of pods' first containers in containerd's database, on Kubernetes nodes only."""

import re

from doctor.collect.containerd.lists import images_of
from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.config import ContainerdConfig, CriSettings
from doctor.facts.containerd.sandbox import SandboxImage, full_name
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.databases.databases import ServiceDatabase
from doctor.facts.host.kubernetes import Kubelet, KubeletCredentials
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import join

_DEFAULT = ("containerd", "config", "default")
_NAMED = r"(?m)^\s*sandbox(?:_image)?\s*=\s*[\"']([^\"'\s]+)"
_PAUSE = r"pause(?:-\w+)?[:@]|/pause(?:-\w+)?$"


@collector
def sandbox_image(  # noqa: PLR0917 - facts
    host: Host,
    kubelet: Kubelet,
    credentials: KubeletCredentials,
    service: ContainerdService,
    database: ServiceDatabase,
    config: ContainerdConfig | Missing,
) -> SandboxImage:
    """Return the image; missing before the node has joined, when none is needed yet."""
    if not credentials.has_kubeconfig or kubelet.endpoint.removeprefix("unix://") not in containerd.SOCKETS:
        raise HostError(Missing(Why.ABSENT, "this node has not joined a cluster, or does not use the usual containerd"))
    if database.file.status == "broken" or database.file.root is None:
        raise HostError(Missing(Why.ABSENT, f"{database.file.path}: another problem"))
    cri = CriSettings() if isinstance(config, Missing) and config.why is Why.ABSENT else None
    cri = config.cri if isinstance(config, ContainerdConfig) else cri
    if cri is None:
        raise HostError(Missing(Why.ABSENT, f"{service.config}: not the only file with settings of the CRI plugin"))
    names = [one.name for one in images_of(database.file.root) if one.namespace == containerd.CRI_NAMESPACE]
    pauses = tuple(name for name in names if re.search(_PAUSE, name))
    name = cri.sandbox_image
    source: str = service.config if isinstance(config, Missing) else config.cri_path
    if not name and not pauses:
        name, source = _default(host), " ".join(_DEFAULT)
    return SandboxImage(
        name=name,
        source=source,
        is_there=full_name(name) in names if name else bool(pauses),
        others=pauses,
        pods=_pods(host, service),
        gaps=database.gaps,
    )


def _default(host: Host) -> str:
    """Return the built-in name, which depends on the release; "" if it can't be asked for."""
    if not host.is_live():
        return ""
    try:
        found = re.search(_NAMED, host.run(_DEFAULT).text)
    except HostError:
        return ""
    return found[1] if found else ""


def _pods(host: Host, service: ContainerdService) -> int:
    try:
        return len(host.listdir(join(service.state, containerd.TASKS, containerd.CRI_NAMESPACE)))
    except HostError:
        return 0
