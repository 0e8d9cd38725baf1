"""Reads the kubelet and the settings of it that checks examine."""

import re

from doctor.engines.containerd import places as containerd
from doctor.facts.host.kubernetes import CniConfig, Kubelet, KubeletCredentials
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_BINARIES = (HostPath("/usr/bin/kubelet"), HostPath("/usr/local/bin/kubelet"), HostPath("/opt/bin/kubelet"))
_CONFIG = HostPath("/var/lib/kubelet/config.yaml")
_FLAGS = HostPath("/var/lib/kubelet/kubeadm-flags.env")
"""Written by kubeadm when a node joins (cmd/kubeadm/app/phases/kubelet/flags.go)."""
_KUBECONFIG = HostPath("/etc/kubernetes/kubelet.conf")
_BOOTSTRAP = HostPath("/etc/kubernetes/bootstrap-kubelet.conf")
_CERTIFICATE = HostPath("/var/lib/kubelet/pki/kubelet-client-current.pem")
_CNI = HostPath("/etc/cni/net.d")
_PROGRAMS = HostPath("/opt/cni/bin")
_SUFFIXES = (".conf", ".conflist", ".json")
_BYTES = 1 << 20


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


@collector
def kubelet_credentials(host: Host, kubelet: Kubelet, processes: Processes | Missing) -> KubeletCredentials:
    """Return the credentials; missing without kubeadm, or if the kubelet runs with other files."""
    del kubelet
    running = () if isinstance(processes, Missing) else processes.named("kubelet")
    words = [word.partition("=") for one in running for word in one.argv]
    others = [
        path
        for flag, own in (("--kubeconfig", _KUBECONFIG), ("--config", _CONFIG))
        for path in [value for name, _, value in words if name == flag][-1:]
        if path != own
    ]
    if not host.exists(_FLAGS) or others:
        raise HostError(Missing(Why.ABSENT, "kubeadm did not set up this node"))
    gaps: list[Missing] = []
    pem = b""
    try:
        pem = host.read(_CERTIFICATE, limit_bytes=_BYTES)
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
    return KubeletCredentials(
        kubeconfig=_KUBECONFIG,
        bootstrap=_BOOTSTRAP,
        config=_CONFIG,
        has_kubeconfig=_is_there(host, _KUBECONFIG, gaps),
        has_bootstrap=_is_there(host, _BOOTSTRAP, gaps),
        has_config=_is_there(host, _CONFIG, gaps),
        certificate=_CERTIFICATE if pem else "",
        not_after=_last_second(pem),
        now=host.now(),
        gaps=tuple(gaps),
    )


def _is_there(host: Host, path: HostPath, gaps: list[Missing]) -> bool:
    """Whether a file exists; a refused look does not show absence."""
    try:
        host.lstat(path)
    except HostError as error:
        if error.is_absent:
            return False
        gaps.append(error.missing)
    return True


def _last_second(pem: bytes) -> float:
    if not pem:
        return 0.0
    from doctor.formats.config import x509  # noqa: PLC0415 - few hosts are nodes

    try:
        return x509.certificates(pem)[0].not_after
    except FormatError:
        return 0.0


@collector
def cni_config(host: Host, kubelet: Kubelet) -> CniConfig:
    """Return the configuration; missing before the node has joined, or if the runtime looks elsewhere."""
    gaps: list[Missing] = []
    has_joined = kubelet.uses_containerd and _is_there(host, _KUBECONFIG, gaps)
    if gaps:
        raise HostError(gaps[0])
    if not has_joined:
        raise HostError(Missing(Why.ABSENT, "this node has not joined a cluster, or does not use containerd"))
    try:
        settings = host.read(containerd.CONFIG, limit_bytes=_BYTES).decode("utf-8", "replace")
    except HostError as error:
        if not error.is_absent:
            raise
        settings = ""
    for name in re.findall(r"(?m)^\s*conf_dirs?\s*=\s*(.*)$", settings):
        if name.strip().strip("\"'") != _CNI:
            raise HostError(Missing(Why.ABSENT, f"{containerd.CONFIG} names another directory of networks"))
    return CniConfig(
        directory=_CNI,
        exists=host.exists(_CNI),
        files=tuple(name for name in _names(host, _CNI) if name.endswith(_SUFFIXES)),
        programs=len(_names(host, _PROGRAMS)),
    )


def _names(host: Host, path: HostPath) -> list[str]:
    try:
        return host.listdir(path)
    except HostError as error:
        if error.is_absent:
            return []
        raise
