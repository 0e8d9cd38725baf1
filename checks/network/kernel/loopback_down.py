"""The loopback interface is down."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.network.links import Links


@check(severity=Severity.ERROR, detail=OfLink, ends=("link-down",), ok="the loopback interface is up")
def loopback_down(links: Links) -> Iterator[Finding]:
    """The loopback interface of the host is down, so nothing on this host answers at 127.0.0.1.

    What it looks at:
        IFF_UP of the interface ``lo``.

    Why it matters:
        Ports that are published on 127.0.0.1 time out, and so does every published port at 127.0.0.1, a local name server
        (systemd-resolved, dnsmasq), a local proxy, and each reverse proxy that asks a port of this host.

    How it is fixed:
        The interface is set up.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    link = next((one for one in links.links if "LOOPBACK" in one.flags), None)
    if link is not None and not link.is_up:
        yield Finding(
            subject=Subject("interface", link.name),
            message=f"the loopback interface {link.name} is down: nothing on this host answers at 127.0.0.1",
            evidence=(Evidence("ip addr", f"{link.name}: flags {' '.join(sorted(link.flags))}"),),
            detail=OfLink(name=link.name),
        )
