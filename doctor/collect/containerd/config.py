"""Reads containerd's settings, as text: the one list that matters here, without a TOML parser's start-up time."""

import re

from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.host.kubernetes import Kubelet
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.paths import HostPath

_PATH = HostPath("/etc/containerd/config.toml")
_LIST = re.compile(r"^[ \t]*disabled_plugins[ \t]*=[ \t]*\[([^\]]*)\]", re.MULTILINE)


@collector
def containerd_config(host: Host, kubelet: Kubelet) -> ContainerdConfig:
    """Return the list of disabled plugins. Only a Kubernetes node's is looked at."""
    del kubelet
    text = host.read(_PATH, limit_bytes=1 << 20).decode("utf-8", "replace")
    found = _LIST.search(text)
    if found is None:
        return ContainerdConfig(path=_PATH)
    names = tuple(name for name in re.findall(r"[\"']([^\"']+)[\"']", found[1]))
    return ContainerdConfig(path=_PATH, disabled=names, line=text.count("\n", 0, found.start()) + 1)
