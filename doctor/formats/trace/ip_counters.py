"""Counters of a network namespace that rise when its kernel drops a packet: files snmp, netstat and snmp6 of /proc/net."""

_MEANINGS = {
    "TcpExt.IPReversePathFilter": "IP_RPFILTER",
    "TcpExt.ListenOverflows": "TCP_LISTEN_OVERFLOW",
    "Ip.InAddrErrors": "IP_INADDRERRORS",
    "Ip.InHdrErrors": "IP_INHDR",
    "Ip.FragFails": "PKT_TOO_BIG",
    "Ip.OutNoRoutes": "IP_OUTNOROUTES",
    "IpExt.InNoRoutes": "IP_INNOROUTES",
    "Udp.NoPorts": "NO_SOCKET",
    "Udp.RcvbufErrors": "SOCKET_RCVBUFF",
    "Ip6InAddrErrors": "IP_INADDRERRORS",
    "Ip6InHdrErrors": "IP_INHDR",
    "Ip6InNoRoutes": "IP_INNOROUTES",
    "Ip6OutNoRoutes": "IP_OUTNOROUTES",
    "Ip6InTooBigErrors": "PKT_TOO_BIG",
    "Udp6NoPorts": "NO_SOCKET",
    "Udp6RcvbufErrors": "SOCKET_RCVBUFF",
}
"""Counter → the reason that newer kernels give for the same drop."""


def drop_counters(*files: str) -> dict[str, int]:
    r"""Return the counters of drops in these files, by name; lines of other shapes are omitted.

    >>> drop_counters("TcpExt: IPReversePathFilter SyncookiesSent\nTcpExt: 3 0\n")
    {'TcpExt.IPReversePathFilter': 3}
    """
    found: dict[str, int] = {}
    for text in files:
        names: list[str] = []
        for line in text.splitlines():
            kind, colon, rest = line.partition(":")
            words = rest.split() if colon else line.split()
            if not colon and len(words) == 2:
                _add(found, words[0], words[1])
            elif names and names[0] == kind:
                for name, value in zip(names[1:], words, strict=False):
                    _add(found, f"{kind}.{name}", value)
                names = []
            else:
                names = [kind, *words]
    return found


def _add(found: dict[str, int], name: str, value: str) -> None:
    if name in _MEANINGS and value.isascii() and value.isdigit():
        found[name] = int(value)


def risen(before: dict[str, int], idle: dict[str, int], after: dict[str, int], packets: int) -> str:
    """Return the reason whose counter rose by at least these packets after it had stood still, "" without exactly one.

    ``before`` and ``idle`` are from the time before the packets were sent: other traffic would show there.
    """
    reasons = {
        _MEANINGS[name]
        for name, value in after.items()
        if idle.get(name) == before.get(name) and value - idle.get(name, value) >= packets
    }
    return next(iter(reasons)) if len(reasons) == 1 else ""
