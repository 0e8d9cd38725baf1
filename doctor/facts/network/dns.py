"""How the host resolves names: its resolv.conf, who answers on the loopback, and where the real servers are written."""

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


class ServerList(Struct, frozen=True, kw_only=True):
    """A file in which a program of the host writes name servers, and what is in it."""

    path: HostPath
    config: ResolvConf

    @property
    def outer(self) -> tuple[str, ...]:
        """Return the servers that are not this machine."""
        return tuple(server for server in self.config.nameservers if not is_loopback(server))


class HostDns(Struct, frozen=True, kw_only=True):
    """Name resolution of the host.

    Attributes:
        kind: what /etc/resolv.conf is: ``f`` file, ``l`` link, ``d`` directory, "" nothing.
        target: of the link, "" for none.
        config: its settings, ``None`` if nothing can be read there.
        lists: files of resolved, NetworkManager, dnsmasq and resolvconf that hold servers, best first.
        has_stub_file: whether systemd-resolved's stub-resolv.conf is there.
        answers: loopback addresses on which somebody listens on port 53, as /proc/net shows them; ``None`` on a mounted root.
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
        """Whether it is a link to nothing."""
        return self.kind == "l" and self.config is None

    @property
    def is_stub(self) -> bool:
        """Whether systemd-resolved's stub is the only server: the engine then reads resolved's own list instead."""
        return self.config is not None and self.config.nameservers == (STUB_ADDRESS,)

    def somebody_answers(self, address: str) -> bool | None:
        """Whether somebody listens on port 53 of a loopback address; ``None`` if that can't be seen."""
        if self.answers is None:
            return None
        every = "::" if ":" in address else "0.0.0.0"  # noqa: S104 - compared, never bound
        return bool({address, every, "::"} & self.answers)

    @property
    def stub_lives(self) -> bool:
        """Whether systemd-resolved answers and has written its stub file."""
        return self.has_stub_file and self.somebody_answers(STUB_ADDRESS) is True

    def sources(self) -> Iterator[ServerList]:
        """Yield the lists with a server that is not this machine, best first."""
        return (servers for servers in self.lists if servers.outer)

    @property
    def replacement(self) -> HostPath | None:
        """Return the file that /etc/resolv.conf should be a link to on this host, ``None`` if nothing tells."""
        if self.stub_lives:
            return STUB
        best = next(self.sources(), None)
        return None if best is None else best.path
