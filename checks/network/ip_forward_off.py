"""IPv4 forwarding is off now."""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine import EngineConfig
from doctor.facts.sysctl import Sysctl

KEY = "net.ipv4.ip_forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingOff:
    """For the fixer: the key that is off."""

    key: str


@check(severity=Severity.CRITICAL, breaks=("egress", "port"), ok="the kernel forwards IPv4")
def ip_forward_off(sysctl: Sysctl, engine: EngineConfig) -> Iterator[Finding]:
    """The kernel does not forward IPv4, so containers on bridge networks reach nothing outside the host.

    What it looks at:
        The running value of net.ipv4.ip_forward, and whether the engine's ``ip-forward`` is on.

    Why it matters:
        Packets between a container's bridge and the host's interfaces are forwarded by the kernel. With forwarding off
        they are dropped without a word: containers can't reach the outside and published ports don't answer.

    How it is fixed:
        The running value is set to 1. dockerd does the same, but only once, when it starts.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    if engine.ip_forward and sysctl.number(KEY) == 0:
        yield Finding(
            subject=Subject("sysctl", KEY),
            message=f"containers on bridge networks reach nothing outside this host: {KEY} is 0",
            evidence=(Evidence("/proc/sys/net/ipv4/ip_forward", "0"),),
            detail=ForwardingOff(key=KEY),
        )
