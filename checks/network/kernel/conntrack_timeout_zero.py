"""The kernel forgets connections at once, because a timeout of connection tracking is 0."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.details import TimeoutZero

_TIMEOUTS = {
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent": (120, "no TCP connection of a container begins"),
    "net.netfilter.nf_conntrack_tcp_timeout_established": (432000, "no TCP connection of a container passes data"),
    "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged": (300, "no TCP connection of a container passes data"),
    "net.netfilter.nf_conntrack_tcp_timeout_max_retrans": (300, "no TCP connection of a container passes data"),
    "net.netfilter.nf_conntrack_udp_timeout": (30, "no answer over UDP comes to a container, name servers' included"),
}
"""The timeouts of which 0 ends containers' traffic: the kernel's default in seconds, and what follows."""


@check(
    severity=Severity.ERROR,
    detail=TimeoutZero,
    breaks=("egress", "port", "dns"),
    ok="connection tracking keeps connections until they are answered",
)
def conntrack_timeout_zero(sysctl: Sysctl) -> Iterator[Finding]:
    """A timeout of connection tracking is 0, so the kernel forgets a connection before its answer comes.

    What it looks at:
        The settings net.netfilter.nf_conntrack_tcp_timeout_syn_sent, _established, _unacknowledged and
        _max_retrans, and nf_conntrack_udp_timeout of the host. Other timeouts may be 0 without harm to connections of containers.

    Why it matters:
        Addresses of containers are translated, and the answer to a packet is translated back only as long as the kernel remembers the
        connection. Nothing is logged: rules, routes and interfaces all look right.

    How it is fixed:
        The kernel's default is set, now and in the file that sets 0.

    References:
        https://docs.kernel.org/networking/nf_conntrack-sysctl.html
    """
    for key, (usual, effect) in _TIMEOUTS.items():
        if sysctl.number(key) == 0:
            yield Finding(
                subject=Subject("sysctl", key),
                message=f"{key} is 0, so the kernel forgets connections at once: {effect}",
                evidence=(Evidence("sysctl", f"{key} = 0"),),
                detail=TimeoutZero(key=key, usual=usual),
            )
