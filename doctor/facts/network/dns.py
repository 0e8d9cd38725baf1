"""Name resolution of the host: resolv.conf, resolvers on the loopback, and files with the real servers."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.formats.network.resolv_conf import ResolvConf
from doctor.formats.network.resolv_conf import is_loopback as is_loopback  # noqa: PLC0414 - part of the fact
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

RESOLV_CONF = HostPath("/etc/resolv.conf")
STUB = HostPath("/run/systemd/resolve/stub-resolv.conf")
RESOLVED = HostPath("/run/systemd/resolve/resolv.conf")
STUB_ADDRESS = "127.0.0.53"
_OUTER_ENGINE = "127.0.0.11"
"""The server of the engine that this host is a container of: rules of its own network namespace lead to another port."""


class ServerList(Struct, frozen=True, kw_only=True):
    """A file with name servers, written by a program of the host, and its content."""

    path: HostPath
    config: ResolvConf

    @property
    def outer(self) -> tuple[str, ...]:
        """Return the servers that are other machines."""
        return tuple(server for server in self.config.nameservers if not is_loopback(server))


class HostDns(Struct, frozen=True, kw_only=True):
    """Name resolution of the host.

    Attributes:
        kind: kind of /etc/resolv.conf: ``f`` file, ``l`` link, ``d`` directory, "" missing.
        target: target of the link, "" for none.
        config: its settings, ``None`` if it can't be read.
        lists: files of resolved, NetworkManager, dnsmasq and resolvconf with servers, best first.
        has_stub_file: whether systemd-resolved's stub-resolv.conf exists.
        answers: loopback addresses with a listener on port 53, from /proc/net; ``None`` on a mounted root.
        gaps: what could not be examined.
    """

    kind: str
    target: str = ""
    config: ResolvConf | None = None
    lists: tuple[ServerList, ...] = ()
    has_stub_file: bool = False
    answers: frozenset[str] | None = None
    gaps: tuple[Missing, ...] = ()

    @property
    def is_dangling(self) -> bool:
        """Whether it is a dangling link."""
        return self.kind == "l" and self.config is None

    @property
    def is_stub(self) -> bool:
        """Whether systemd-resolved's stub is the only server: the engine then uses resolved's own list instead."""
        return self.config is not None and self.config.nameservers == (STUB_ADDRESS,)

    def has_listener(self, address: str) -> bool | None:
        """Whether port 53 of a loopback address has a listener; ``None`` if unknown."""
        if self.answers is None:
            return None
        every = "::" if ":" in address else "0.0.0.0"  # noqa: S104 - compared, never bound
        return bool({address, every, "::"} & self.answers)

    @property
    def dead_resolvers(self) -> tuple[str, ...]:
        """Return the host's name servers if all are on the loopback and none has a listener; else none."""
        if self.config is None or not self.config.is_loopback_only:
            return ()
        servers = self.config.nameservers
        if _OUTER_ENGINE in servers:
            return ()
        return servers if all(self.has_listener(server) is False for server in servers) else ()

    @property
    def stub_lives(self) -> bool:
        """Whether systemd-resolved listens and has written its stub file."""
        return self.has_stub_file and self.has_listener(STUB_ADDRESS) is True

    def sources(self) -> Iterator[ServerList]:
        """Yield the lists with a server on another machine, best first."""
        return (servers for servers in self.lists if servers.outer)

    @property
    def replacement(self) -> HostPath | None:
        """Return the file that /etc/resolv.conf should link to on this host, ``None`` if unknown."""
        if self.stub_lives:
            return STUB
        best = next(self.sources(), None)
        return None if best is None else best.path
