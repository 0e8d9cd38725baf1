"""The host has too few ports for outgoing connections."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl

_KEY = "net.ipv4.ip_local_port_range"
_RESERVED = "net.ipv4.ip_local_reserved_ports"
_DEFAULT = range(32768, 61000)
_FEWEST = 1000
_SHOWN = 200
"""Characters of a list that evidence has."""


@check(
    severity=Severity.WARNING,
    detail=OfSysctl,
    ok="the kernel has enough ports for outgoing connections",
    messages=(
        Message(
            pattern=r"cannot assign requested address",
            example="dial tcp 192.0.2.1:443: connect: cannot assign requested address",
            means="no local port is free for the connection, or the address does not belong to this host",
            do="compare 'sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports' with the number of connections in 'ss -s'",
        ),
    ),
)
def ephemeral_range_tiny(sysctl: Sysctl) -> Iterator[Finding]:
    """Too few local ports are left for connections, which fail with "cannot assign requested address".

    What it looks at:
        The settings net.ipv4.ip_local_port_range and net.ipv4.ip_local_reserved_ports of the host: the kernel chooses from the
        ports of the range that are not reserved; fewer than 1,000 are too few.

    Why it matters:
        Each outgoing connection to the same address and port needs a local port of its own, which stays in use for a minute after
        the connection ends. docker-proxy, the engine's pulls and host processes share the range; masquerading takes source ports too.

    How it is fixed:
        A tiny range is set to the kernel's default, 32768 to 60999, now and in the file that sets it. If ports of the range are
        reserved, the command to reserve none is shown: only a person knows which of them a program needs.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    words = (sysctl.value(_KEY) or "").split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        return
    low, high = map(int, words)
    ports = range(low, high + 1)
    shown = Evidence("sysctl", f"{_KEY} = {low} {high}")
    if len(ports) < _FEWEST:
        yield Finding(
            subject=Subject("sysctl", _KEY),
            message=f"{_KEY} has only {len(ports)} ports: outgoing connections fail when they are in use",
            evidence=(shown,),
            detail=OfSysctl(key=_KEY),
        )
        ports, shown = _DEFAULT, Evidence("default of the kernel", f"{_KEY} = {_DEFAULT[0]} {_DEFAULT[-1]}")
    reserved = sysctl.value(_RESERVED) or ""
    left = _left(ports, reserved)
    if left is not None and left < _FEWEST:
        yield Finding(
            subject=Subject("sysctl", _RESERVED),
            message=(
                f"{_RESERVED} leaves {left or 'none'} of the {len(ports)} ports of {_KEY}: outgoing connections fail "
                f"{'when they are in use' if left else 'at once'}"
            ),
            evidence=(shown, Evidence("sysctl", f"{_RESERVED} = {reserved[:_SHOWN]}")),
            detail=OfSysctl(key=_RESERVED),
        )


def _left(ports: range, reserved: str) -> int | None:
    """Count the ports that are not reserved ("8080,9000-9100"), ``None`` if the kernel does not write such a list."""
    spans = []
    for part in filter(None, reserved.split(",")):
        first, dash, last = part.partition("-")
        words = (first, last if dash else first)
        if not all(word.isascii() and word.isdigit() and len(word) <= 5 for word in words):
            return None
        spans.append((int(words[0]), int(words[1])))
    left, at = len(ports), ports.start
    for low, high in sorted(spans):
        taken = range(max(low, at), min(high + 1, ports.stop))
        left -= len(taken)
        at = max(at, taken.stop)
    return left
