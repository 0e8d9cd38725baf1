"""Bridged packets bypass the firewall although something relies on it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.processes import Processes
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.details import BridgeNfOff
from doctor.facts.network.networks import Networks

KEY = "net.bridge.bridge-nf-call-iptables"


@check(
    severity=Severity.WARNING,
    detail=BridgeNfOff,
    ok="bridged packets pass the firewall if something relies on it",
    messages=(
        Message(
            pattern=r"bridge-nf-call-ip6?tables is disabled|bridge-nf-call-ip6?tables contents are not set to 1",
            example="WARNING: bridge-nf-call-iptables is disabled",
            means="packets between containers on one bridge bypass the firewall",
            do="load br_netfilter, and set net.bridge.bridge-nf-call-iptables=1",
        ),
        Message(
            pattern=r"bridge-nf-call-ip6?tables\S*:? (?:does not exist|.*no such file or directory)",
            example="[ERROR FileContent--proc-sys-net-bridge-bridge-nf-call-iptables]: /proc/sys/net/bridge/bridge-nf-call-iptables does not exist",
            means="the kernel module br_netfilter is not loaded, so the setting does not exist and traffic on bridges bypasses iptables",
            do="run 'modprobe br_netfilter' and write br_netfilter into /etc/modules-load.d/k8s.conf; if the module is not found, reboot after a kernel upgrade",
            also=("kernel/module-not-loadable", "kernel/reboot-needed"),
            apart="whether 'modprobe br_netfilter' works",
        ),
    ),
)
def bridge_nf_off(
    sysctl: Sysctl, engine: EngineConfig, networks: Networks | Missing, processes: Processes | Missing
) -> Iterator[Finding]:
    """Packets between ports of one bridge bypass iptables, so "icc": false is not enforced and Kubernetes services fail.

    What it looks at:
        net.bridge.bridge-nf-call-iptables (which exists only if the module br_netfilter is loaded), and whether something relies
        on it: a network whose containers must not reach each other, or a running kubelet. Otherwise 0 is not a fault.

    Why it matters:
        Containers that were isolated on purpose can reach each other, and no program reports it. Pods on one node don't reach
        each other through a service's address.

    How it is fixed:
        br_netfilter is loaded now and at boot, and the key is set to 1 now and in sysctl.d. The module must be in
        modules-load.d: sysctl.d is applied before the engine loads the module, and a key that does not exist is skipped.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        https://kubernetes.io/docs/setup/production-environment/container-runtimes/
    """
    value = sysctl.number(KEY)
    if value == 1 or sysctl.value("net.ipv4.ip_forward") is None:
        return
    who = _relying(engine, networks, processes)
    if not who:
        return
    seen = "no such file: br_netfilter is not loaded" if value is None else str(value)
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=f"packets inside a bridge bypass the firewall, but {who[0]} relies on it",
        evidence=(
            Evidence("/proc/sys/net/bridge/bridge-nf-call-iptables", seen),
            *(Evidence("relies on it", w) for w in who),
        ),
        detail=BridgeNfOff(key=KEY, needs_module=value is None),
    )


def _relying(engine: EngineConfig, networks: Networks | Missing, processes: Processes | Missing) -> list[str]:
    who = []
    if engine.get("icc") is False:
        who.append('"icc": false')
    if isinstance(networks, Networks):
        who += [f"network {network.name} (icc off)" for network in networks.bridges if not network.icc]
    if isinstance(processes, Processes) and processes.of_host("kubelet"):
        who.append("kubelet")
    return who
