"""The loopback interface is down, or without IPv6."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.details import OfLink
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.links import Links
from doctor.facts.path.own.details import SettingChanged

_OFF = "net.ipv6.conf.lo.disable_ipv6"


@check(
    severity=Severity.ERROR,
    detail=OfLink | SettingChanged,
    ends=("link-down",),
    ok="the loopback interface is up",
)
def loopback_down(links: Links, sysctl: Sysctl | Missing, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The loopback interface of the host is down, or has no IPv6 any more, so nothing on this host answers at 127.0.0.1 or ::1.

    What it looks at:
        IFF_UP of the interface ``lo``; and disable_ipv6 of it, if the last healthy scan saw the address ::1.

    Why it matters:
        Ports that are published on 127.0.0.1 time out, and so does every published port at 127.0.0.1, a local name server
        (systemd-resolved, dnsmasq), a local proxy, and each reverse proxy that asks a port of this host.

    How it is fixed:
        The interface is set up; IPv6 is enabled on it, and the kernel adds ::1. If a file disables it, ``--choose`` asks.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    link = next((one for one in links.links if "LOOPBACK" in one.flags), None)
    if link is None:
        return
    if not link.is_up:
        yield Finding(
            subject=Subject("interface", link.name),
            message=f"the loopback interface {link.name} is down: nothing on this host answers at 127.0.0.1",
            evidence=(Evidence("ip addr", f"{link.name}: flags {' '.join(sorted(link.flags))}"),),
            detail=OfLink(name=link.name),
        )
    elif _lost_six(sysctl, record) and not isinstance(record, Missing):
        yield Finding(
            subject=Subject("sysctl", _OFF),
            message=f"{_OFF} is 1: nothing on this host answers at ::1, as it did at the last healthy scan",
            severity=Severity.WARNING,
            evidence=(Evidence("sysctl", f"{_OFF} = 1"), Evidence(record.place, "::1/128 on lo")),
            detail=SettingChanged(key=_OFF, value="1", was="0"),
        )


def _lost_six(sysctl: Sysctl | Missing, record: HealthyNetwork | Missing) -> bool:
    if isinstance(record, Missing) or isinstance(sysctl, Missing) or sysctl.number(_OFF) != 1:
        return False
    return any(one.address == "::1" for one in record.namespace.addresses)
