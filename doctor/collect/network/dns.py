"""Reads the host's resolver settings and the resolvers on the loopback."""

from collections.abc import Iterator

from doctor.facts.network.dns import RESOLV_CONF, RESOLVED, STUB, HostDns, ServerList
from doctor.facts.network.listeners import Listeners
from doctor.formats.network import resolv_conf
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

# Each is written by the program that got the servers from DHCP or its settings; resolv.conf may name others.
_LISTS = (
    RESOLVED,
    HostPath("/run/NetworkManager/no-stub-resolv.conf"),
    HostPath("/run/NetworkManager/resolv.conf"),
    HostPath("/run/dnsmasq/resolv.conf"),
    HostPath("/run/resolvconf/resolv.conf"),
)
_LIMIT = 1 << 20


@collector
def host_dns(host: Host, sockets: Listeners | Missing) -> HostDns:
    """Return the settings; missing on a mounted root without /etc/resolv.conf, where that means nothing."""
    gaps: list[Missing] = []
    try:
        kind = host.lstat(RESOLV_CONF).kind
    except HostError as error:
        if not error.is_absent or not host.is_live():
            raise
        kind = ""
    return HostDns(
        kind=kind,
        target=host.readlink(RESOLV_CONF) if kind == "l" else "",
        config=_read(host, RESOLV_CONF, gaps) if kind in {"l", "f"} else None,
        lists=tuple(_lists(host, gaps)),
        has_stub_file=host.exists(STUB),
        answers=_answers(sockets) if host.is_live() else None,
        gaps=(*gaps, *(sockets.gaps if isinstance(sockets, Listeners) else ())),
    )


def _read(host: Host, path: HostPath, gaps: list[Missing]) -> resolv_conf.ResolvConf | None:
    try:
        return resolv_conf.parse(decode(host.read(path, limit_bytes=_LIMIT)))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return None


def _lists(host: Host, gaps: list[Missing]) -> Iterator[ServerList]:
    for path in _LISTS:
        config = _read(host, path, gaps)
        if config is not None:
            yield ServerList(path=path, config=config)


def _answers(sockets: Listeners | Missing) -> frozenset[str] | None:
    """Return the addresses with a listener on port 53; ``None`` if the kernel's tables are not available."""
    if isinstance(sockets, Missing):
        return None
    return frozenset(socket.address for socket in sockets.items if socket.port == 53)
