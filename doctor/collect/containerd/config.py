"""Reads the plugins that containerd's settings disable."""

from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.host.kubernetes import Kubelet
from doctor.formats.config import containerd_toml
from doctor.host.base import Host
from doctor.model.declare import collector


@collector
def containerd_config(host: Host, kubelet: Kubelet) -> ContainerdConfig:
    """Return the list of disabled plugins. It is read only on a Kubernetes node."""
    del kubelet
    # A corrupt file is reported by the checks that need containerd's directories.
    found = containerd_toml.before_error(host.read(containerd.CONFIG, limit_bytes=containerd_toml.MAX_BYTES))
    return ContainerdConfig(path=containerd.CONFIG, disabled=found.disabled_plugins, line=found.disabled_line)
