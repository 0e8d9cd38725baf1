"""Reads the plugins that containerd's settings disable, and the settings of the one that the kubelet uses."""

from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.host.kubernetes import Kubelet
from doctor.formats.config import containerd_toml
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath


@collector
def containerd_config(host: Host, kubelet: Kubelet, service: ContainerdService | Missing) -> ContainerdConfig:
    """Return the settings. They are read only on a Kubernetes node."""
    del kubelet
    # A corrupt file is reported by the checks that need containerd's directories.
    content = host.read(containerd.CONFIG, limit_bytes=containerd_toml.MAX_BYTES)
    found = containerd_toml.before_error(content)
    path, cri = _cri(host, service, content)
    return ContainerdConfig(
        path=containerd.CONFIG,
        disabled=found.disabled_plugins,
        line=found.disabled_line,
        cri=cri,
        cri_path=path,
    )


def _cri(
    host: Host, service: ContainerdService | Missing, content: bytes
) -> tuple[HostPath, containerd_toml.CriSettings | None]:
    """Return the one file with a table of the CRI plugins: whether a second one replaces it depends on the release."""
    files = (containerd.CONFIG,) if isinstance(service, Missing) else service.files or (containerd.CONFIG,)
    found = []
    for path in files:
        try:
            data = content if path == containerd.CONFIG else host.read(path, limit_bytes=containerd_toml.MAX_BYTES)
        except HostError:
            return containerd.CONFIG, None
        settings = containerd_toml.cri(data)
        if settings is not None:
            found.append((path, settings))
    if isinstance(service, Missing) or service.problem or service.config != containerd.CONFIG or len(found) > 1:
        return containerd.CONFIG, None
    return found[0] if found else (containerd.CONFIG, containerd_toml.CriSettings())
