"""Reads /etc/resolv.conf of a host, and Docker's copies for containers with their comments."""

import re
import socket

from msgspec import Struct

_BASED_ON = r"Based on host file: '([^']*)'"
_EXT_SERVERS = r"ExtServers: \[(.*)\]"


class ResolvConf(Struct, frozen=True, kw_only=True):
    """Settings of the file, and Docker's comments in it.

    Attributes:
        nameservers: in order; the C library asks only the first three.
        search: domains of the last search or domain line.
        options: of all options lines ("ndots:5").
        based_on: the host's file that Docker made this from ("" in a host's own file).
        ext_servers: upstream servers of 127.0.0.11, from Docker's comments: "8.8.8.8", "host(127.0.0.53)".
        lines: line of each nameserver, counted from 1.
    """

    nameservers: tuple[str, ...]
    search: tuple[str, ...]
    options: tuple[str, ...]
    based_on: str
    ext_servers: tuple[str, ...]
    lines: tuple[int, ...]

    @property
    def is_loopback_only(self) -> bool:
        """Whether every server is this host itself: unreachable from a container's own network namespace."""
        return bool(self.nameservers) and all(is_loopback(server) for server in self.nameservers)


def parse(text: str) -> ResolvConf:
    r"""The settings of a resolv.conf. Never raises: unknown lines are skipped, as in the C library.

    >>> found = parse("# x\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan\n")
    >>> found.nameservers, found.is_loopback_only, found.search
    (('127.0.0.53',), True, ('lan',))
    >>> parse("nameserver 999.1.1.1\nnameserver ns.lan\nnameserver fe80::1%eth0\n").nameservers
    ('fe80::1%eth0',)
    """
    nameservers: list[str] = []
    lines: list[int] = []
    options: list[str] = []
    search: tuple[str, ...] = ()
    based_on, ext_servers = "", ()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(("#", ";")):
            based = re.search(_BASED_ON, line)
            servers = re.search(_EXT_SERVERS, line)
            based_on = based[1] if based is not None else based_on
            ext_servers = tuple(servers[1].split()) if servers is not None else ext_servers
            continue
        key, *values = line.split() or [""]
        if key == "nameserver" and values and _is_address(values[0]):
            nameservers.append(values[0])
            lines.append(number)
        elif key in {"search", "domain"}:
            search = tuple(values)
        elif key == "options":
            options.extend(values)
    return ResolvConf(
        nameservers=tuple(nameservers),
        search=search,
        options=tuple(options),
        based_on=based_on,
        ext_servers=ext_servers,
        lines=tuple(lines),
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
