"""Which of several causes an error of the kernel's routing has: one fact separates each from the others."""

from doctor.facts.kernel.sysctl import interface_key
from doctor.facts.path.namespace import NetLink, NetRoute, RoutingRule
from doctor.facts.path.rules.numbers import address, network, shown
from doctor.facts.path.rules.packet import PROTOCOLS, Packet
from doctor.facts.path.rules.values import Range
from doctor.facts.path.way import HOST
from doctor.facts.path.world import PathPlace

_MAIN, _LOCAL, _DEFAULT = 254, 255, 253
_WORDS = {_MAIN: "main", _LOCAL: "local", _DEFAULT: "default"}
_ENDING = {"EACCES": "prohibit", "EHOSTUNREACH": "unreachable", "EINVAL": "blackhole"}


def explained(place: PathPlace, packet: Packet, error: str, link: NetLink | None) -> tuple[str, str]:
    """Return the cause and the place of the end: "ip rule 100: table 99 has no route"."""
    where = "" if place.name == HOST else f" in {place.name}"
    if error == "EHOSTUNREACH" and link is not None and (found := _forwarding(place, link)):
        return "forwarding-off", f"forwarding of {link.name}{where}: {found}"
    if error in _ENDING:
        kind = _ENDING[error]
        for rule in place.namespace.rules:
            if rule.action == kind and _applies(rule, packet):
                return "rule-of-routing", f"{rule.command} {rule.priority}{where}: its action is {kind}"
        route = _covering(place, packet, kind)
        if route is not None:
            return f"{kind}-route", f"route {kind} {route.destination} of {_table(route.table)}{where}"
    if error == "EINVAL" and link is not None:
        return _invalid(place, packet, link, where)
    if error == "ENETUNREACH":
        return _no_route(place, packet, where)
    return "route", f"the routing{where}: the kernel answers {error} for {_target(packet)}"


def _target(packet: Packet) -> str:
    return "" if packet.destination is None else shown(packet.version, packet.destination)


def _table(number: int) -> str:
    return f"table {_WORDS.get(number, number)}"


def _forwarding(place: PathPlace, link: NetLink) -> str:
    settings = place.namespace.sysctls
    for name in ("net.ipv4.ip_forward", interface_key(link.name, "forwarding")):
        if settings.get(name, "").strip() == "0":
            return f"{name} is 0"
    return ""


def _invalid(place: PathPlace, packet: Packet, link: NetLink, where: str) -> tuple[str, str]:
    """Return the cause of a packet that is refused for its addresses."""
    source = "" if packet.source is None else shown(packet.version, packet.source)
    if source.startswith("127.") or _target(packet).startswith("127."):
        return "loopback-address", f"{link.name}{where}: addresses of the loopback do not come from a network"
    if _is_local(place, packet.source):
        return (
            "source-is-local",
            f"{link.name}{where}: the sender's address {source} is also an address of this {'host' if not where else 'container'}",
        )
    return "rp-filter", f"rp_filter of {link.name}{where}: the way back to {source} is another interface"


def _is_local(place: PathPlace, source: int | None) -> bool:
    """Whether a sender's address is one of the place: of an interface, or by a local route that somebody added."""
    if source is None:
        return False
    if any(address(one.address) == (one.version, source) for one in place.namespace.addresses):
        return True
    added = (one for one in place.namespace.routes if one.kind == "local" and one.table == _LOCAL)
    spans = (network(one.destination) for one in added)
    return any(isinstance(span, Range) and span.low <= source <= span.high for span in spans)


def _no_route(place: PathPlace, packet: Packet, where: str) -> tuple[str, str]:
    """Return the first rule of routing whose table should have had the route."""
    has_default = any(
        route.destination in {"0.0.0.0/0", "::/0"}
        and route.table in {_MAIN, _DEFAULT}
        and route.version == packet.version
        for route in place.namespace.routes
    )
    for rule in place.namespace.rules:
        if rule.action == "table" and rule.table not in _WORDS and _applies(rule, packet):
            return (
                "rule-of-routing",
                f"{rule.command} {rule.priority}{where}: {_table(rule.table)} has no route to {_target(packet)}",
            )
        if rule.action == "unreachable" and _applies(rule, packet):
            return "rule-of-routing", f"{rule.command} {rule.priority}{where}: it is unreachable"
    if not has_default and not _covering(place, packet, "unicast"):
        return "no-default-route", f"the routing{where}: there is no default route"
    return "no-route", f"the routing{where}: there is no route to {_target(packet)}"


def _covering(place: PathPlace, packet: Packet, kind: str) -> NetRoute | None:
    """Return the most specific route of a kind to the packet's destination."""
    best: tuple[int, NetRoute] | None = None
    for route in place.namespace.routes:
        if route.kind != kind or route.version != packet.version or packet.destination is None or route.table == _LOCAL:
            continue
        span = network(route.destination)
        if isinstance(span, Range) and span.low <= packet.destination <= span.high:
            size = span.high - span.low
            best = (size, route) if best is None or size < best[0] else best
    return None if best is None else best[1]


def _applies(rule: RoutingRule, packet: Packet) -> bool:
    """Whether a rule of routing is about a packet; seldom used conditions are ignored: it only words a message."""
    if rule.version != packet.version:
        return False
    held = all(
        (
            not rule.iif or rule.iif == packet.inside or (rule.iif == "lo" and not packet.inside),
            not rule.oif,
            not rule.mask or (packet.mark is not None and packet.mark & rule.mask == rule.mark & rule.mask),
            not rule.ipproto or rule.ipproto == PROTOCOLS.get(packet.protocol or ""),
            _within(rule.source, packet.source),
            _within(rule.destination, packet.destination),
            rule.dport is None or (packet.port is not None and rule.dport[0] <= packet.port <= rule.dport[1]),
            rule.sport is None or (packet.sport is not None and rule.sport[0] <= packet.sport <= rule.sport[1]),
        )
    )
    return held != rule.invert


def _within(text: str, number: int | None) -> bool:
    span = network(text) if text else None
    return not isinstance(span, Range) or (number is not None and span.low <= number <= span.high)
