"""Reads the kubelet and the settings of it that checks examine."""

import re

from doctor.facts.host.kubernetes import Kubelet
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_BINARIES = (HostPath("/usr/bin/kubelet"), HostPath("/usr/local/bin/kubelet"), HostPath("/opt/bin/kubelet"))
_CONFIG = HostPath("/var/lib/kubelet/config.yaml")
_FLAGS = HostPath("/var/lib/kubelet/kubeadm-flags.env")


@collector
def kubelet(host: Host, processes: Processes | Missing) -> Kubelet:
    """Return the kubelet; missing if it neither runs nor is installed with settings."""
    running = () if isinstance(processes, Missing) else processes.named("kubelet")
    is_installed = any(host.exists(path) for path in _BINARIES)
    gaps: list[Missing] = []
    config = _read(host, _CONFIG, gaps)
    flags = _read(host, _FLAGS, gaps) + " ".join(word for process in running for word in process.argv)
    if not running and not (is_installed and (config or flags)):
        raise HostError(Missing(Why.ABSENT, "no kubelet runs or is configured on this host"))
    endpoint = re.search(r"--container-runtime-endpoint[= ](\S+?)[\"\s]", flags + " ")
    return Kubelet(
        evidence=f"process {running[0].pid}" if running else _CONFIG,
        endpoint=endpoint[1] if endpoint else _setting(config, "containerRuntimeEndpoint"),
        fails_on_swap=_setting(config, "failSwapOn") != "false",
        cgroup_driver=_setting(config, "cgroupDriver"),
        gaps=tuple(gaps),
    )


def _read(host: Host, path: HostPath, gaps: list[Missing]) -> str:
    try:
        return host.read(path, limit_bytes=1 << 20).decode("utf-8", "replace")
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return ""


def _setting(config: str, key: str) -> str:
    """Return a plain top-level value of the kubelet's YAML, which kubeadm writes one per line; "" for none."""
    found = re.search(rf"^{key}:[ \t]*[\"']?([^\s\"'#]+)", config, re.MULTILINE)
    return found[1] if found else ""
