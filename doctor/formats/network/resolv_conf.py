"""Reads /etc/resolv.conf of a host, and Docker's copies for containers."""

import socket

from msgspec import Struct

from doctor.formats.text import is_number

_MOST_DOTS = 15
"""RES_MAXNDOTS of resolv.h."""


class ResolvConf(Struct, frozen=True, kw_only=True):
    """Settings of the file.

    Attributes:
        nameservers: in order; the C library asks only the first three.
        search: domains of the last search or domain line.
        ndots: with fewer dots, a name is looked up in the search domains first; the C library takes at most 15.
    """

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    ndots: int = 1

    @property
    def is_loopback_only(self) -> bool:
        """Whether every server is this host itself: unreachable from a container's own network namespace."""
        return bool(self.nameservers) and all(is_loopback(server) for server in self.nameservers)


def parse(text: str) -> ResolvConf:
    r"""The settings of a resolv.conf. Never raises: unknown lines are skipped, as in the C library.

    >>> found = parse("# x\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n")
    >>> found.nameservers, found.is_loopback_only, found.search
    (('127.0.0.53',), True, ('lan',))
    >>> parse("options edns0 ndots:5\noptions ndots:x\n").ndots, parse("options ndots:99\n").ndots
    (5, 15)
    >>> parse("nameserver 999.1.1.1\nnameserver ns.lan\nnameserver fe80::1%eth0\n").nameservers
    ('fe80::1%eth0',)
    """
    nameservers: list[str] = []
    search: tuple[str, ...] = ()
    ndots = 1
    for line in text.split("\n"):
        key, *values = line.split() or [""]
        if key == "nameserver" and values and _is_address(values[0]):
            nameservers.append(values[0])
        elif key in {"search", "domain"}:
            search = tuple(values)
        elif key == "options":
            found = [value.removeprefix("ndots:") for value in values if value.startswith("ndots:")]
            ndots = next((min(int(value), _MOST_DOTS) for value in found if is_number(value)), ndots)
    return ResolvConf(
        nameservers=tuple(nameservers),
        search=search,
        ndots=ndots,
    )


def _is_address(text: str) -> bool:
    """Whether the C library accepts it (resolv/res_init.c): an IPv4 address in any of its forms, or IPv6 with a
    zone.
    """
    try:
        socket.inet_aton(text)
    except (OSError, ValueError):
        try:
            socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
        except (OSError, ValueError):
            return False
    return True


def is_loopback(server: str) -> bool:
    """Whether an address is this machine itself.

    >>> is_loopback("127.0.0.53"), is_loopback("::1"), is_loopback("192.0.2.1")
    (True, True, False)
    """
    return server.startswith("127.") or server.partition("%")[0] in {"::1", "0.0.0.0", "::"}  # noqa: S104 - nothing binds
