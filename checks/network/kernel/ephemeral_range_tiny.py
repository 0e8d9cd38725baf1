"""The host has too few ports for outgoing connections."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl

_KEY = "net.ipv4.ip_local_port_range"
_FEWEST = 1000


@check(
    severity=Severity.WARNING,
    detail=OfSysctl,
    ok="the kernel has enough ports for outgoing connections",
    messages=(
        Message(
            pattern=r"cannot assign requested address",
            example="dial tcp 192.0.2.1:443: connect: cannot assign requested address",
            means="no local port is free for the connection, or the address does not belong to this host",
            do="compare 'sysctl net.ipv4.ip_local_port_range' with the number of connections in 'ss -s'",
        ),
    ),
)
def ephemeral_range_tiny(sysctl: Sysctl) -> Iterator[Finding]:
    """The range of local ports is tiny, so connections fail with "cannot assign requested address".

    What it looks at:
        The setting net.ipv4.ip_local_port_range of the host; fewer than 1,000 ports are too few.

    Why it matters:
        Each outgoing connection to the same address and port needs a local port of its own, which stays in use for a minute after
        the connection ends. docker-proxy, the engine's pulls and host processes share the range; masquerading takes source ports too.

    How it is fixed:
        The range is set to the kernel's default, 32768 to 60999, now and in the file that sets it.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    words = (sysctl.value(_KEY) or "").split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        return
    low, high = map(int, words)
    count = high - low + 1
    if count < _FEWEST:
        yield Finding(
            subject=Subject("sysctl", _KEY),
            message=f"{_KEY} has only {max(count, 0)} ports: outgoing connections fail when they are in use",
            evidence=(Evidence("sysctl", f"{_KEY} = {low} {high}"),),
            detail=OfSysctl(key=_KEY),
        )
