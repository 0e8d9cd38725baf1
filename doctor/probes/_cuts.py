"""Finds the rule that drops an outside client's packet by reading the rules, without sending packets."""

from ipaddress import IPv4Network
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.walk import NftWalker, Walker
from doctor.facts.path.rules.form import DROPS
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import ELSEWHERE, TCP_FLAGS, Packet
from doctor.formats.firewall.iptables_rule import split_words
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRule

_MOST_SOURCES = 64
_ACCEPTS = frozenset({"ACCEPT", "RETURN"})
_AHEAD = (("raw", "PREROUTING"), ("mangle", "PREROUTING"))
_BEHIND = (("mangle", "FORWARD"), ("filter", "FORWARD"), ("security", "FORWARD"))


class Path(Struct, frozen=True, kw_only=True):
    """A packet to a published port: ``ahead`` as it arrives, ``behind`` after its destination was translated."""

    ahead: Packet
    behind: Packet


class PacketCut(Struct, frozen=True, kw_only=True):
    """The effect of the rules on a packet.

    Attributes:
        rule: the rule that drops it, "" if it passes.
        is_sure: whether no rule that can't be evaluated (a set, a mark, a rate) could change the result.
        spares: a source that the same rules accept, so the rule is an allow list; else "".
        spared_port: a container's port that the same rules accept for everybody; 0 for none.
        is_engines: whether a chain of the engine or a policy drops it, not a user's rule.
        is_wish: whether a user's rule drops packets of clients only: not those of containers' own connections, nor their answers.
    """

    rule: str = ""
    is_sure: bool = True
    spares: str = ""
    spared_port: int = 0
    is_engines: bool = False
    is_wish: bool = False

    def closes(self, title: str, *, is_new: bool) -> str:
        """Return how a user's rules close the port on purpose, "" if they don't; no list of allowed ports can name a new one."""
        if not self.rule or self.is_engines:
            return ""
        if self.spares:
            return f"{title} is closed to this outside host ('{self.rule}') but open to {self.spares}"
        if self.spared_port and (is_new or self.is_wish):
            return f"{title} is closed: '{self.rule}' drops what is not allowed, as port {self.spared_port} is"
        said = (
            f"{title} is closed to outside hosts: '{self.rule}' drops packets of clients, but not those of containers"
        )
        return said if self.is_wish else ""


def path_to(*, inside: str, source: str, address: str, host_port: int, container: str, port: int, bridge: str) -> Path:
    """Return a client's packet: to ``address`` and ``host_port``, translated to ``container`` and ``port``."""
    ahead = Packet(
        inside=inside,
        source=address_number(source),
        destination=address_number(address),
        port=host_port,
        destination_type="local",
        tcp_flags=TCP_FLAGS["syn"],
    )
    behind = replace(
        ahead,
        outside=bridge,
        destination=address_number(container),
        port=port,
        destination_type="unicast",
        is_dnat=True,
        original=(ahead.source, ahead.destination, ELSEWHERE, host_port),
    )
    return Path(ahead=ahead, behind=behind)


def as_udp(path: Path) -> Path:
    """Return the same way of a UDP packet."""
    udp = {"protocol": "udp", "tcp_flags": None}
    return Path(ahead=replace(path.ahead, **udp), behind=replace(path.behind, **udp))


def from_source(source: int | None, path: Path) -> Path:
    """Return the same way of another client; ``None`` for one of which nothing is known."""
    behind = path.behind
    return Path(
        ahead=replace(path.ahead, source=source),
        behind=replace(behind, source=source, original=(source, *behind.original[1:])),
    )


def cut(firewall: Firewall, path: Path, rule: Rule | None = None) -> PacketCut:
    """Return the effect of the rules on a packet; ``rule`` is the probe's own rule in the engine's chain, if any."""
    saved = None if firewall.v4 is None else _with(firewall.v4, rule)
    found = _judged(firewall, saved, path)
    if not found.rule:
        return found
    if not found.is_engines and found.is_sure:
        found = replace(found, is_wish=all(_judged(firewall, saved, one).rule != found.rule for one in _others(path)))
    if saved is None:
        return found
    for source in _sources(saved):
        other = from_source(source, path)
        if not _judged(firewall, saved, other).rule:
            return replace(found, spares=".".join(str(byte) for byte in source.to_bytes(4, "big")))
    return found if found.is_engines else replace(found, spared_port=_spared_port(firewall, saved, path))


def _others(path: Path) -> tuple[Path, ...]:
    """Return packets of containers' own connections in the client's place: out to any port and to the published one, and an answer."""
    own = {"original": (path.behind.destination, ELSEWHERE, ELSEWHERE, ELSEWHERE), "is_dnat": False}
    out = replace(_reply(path), state="NEW", port=ELSEWHERE, tcp_flags=path.behind.tcp_flags, **own)
    to_port = replace(out, port=path.behind.port)
    answer = {"source": ELSEWHERE, "port": ELSEWHERE, "state": "ESTABLISHED", "tcp_flags": None}
    return (
        Path(ahead=out, behind=out),
        Path(ahead=to_port, behind=to_port),
        Path(ahead=replace(path.ahead, **answer), behind=replace(path.behind, **answer, **own)),
    )


def _spared_port(firewall: Firewall, saved: Saved, path: Path) -> int:
    """Return a port that users' rules name to accept it, as a list of allowed ports does."""
    for destination, port in _named_ports(saved):
        behind = path.behind
        other = replace(behind, port=port, destination=behind.destination if destination is None else destination)
        if not _judged(firewall, saved, replace(path, behind=other)).rule:
            return port
    return 0


def cut_for_it_alone(firewall: Firewall, path: Path, uplink: str, rule: Rule | None = None) -> str:
    """Return the rule that drops a packet but accepts those of other outside hosts from the uplink, else ""."""
    found = cut(firewall, path, rule)
    there = Path(ahead=replace(path.ahead, inside=uplink), behind=replace(path.behind, inside=uplink))
    real = from_source(ELSEWHERE, there)
    return "" if not found.rule or cut(firewall, real, rule).rule else found.rule


def _judged(firewall: Firewall, saved: Saved | None, path: Path) -> PacketCut:
    is_sure = True
    walker = None if saved is None else Walker(saved)
    steps = [(place, path.ahead) for place in _AHEAD] + [(place, path.behind) for place in _BEHIND]
    for (table, chain), packet in steps if walker is not None else ():
        if walker is None:
            break
        verdict = walker.verdict(table, chain, packet)
        is_sure = is_sure and verdict.is_sure
        if verdict.main.kind in DROPS:
            text = verdict.rule.text if verdict.rule is not None else f"the policy of {chain} in {table}"
            engines = verdict.rule is None or _is_of_engine(verdict.rule.origin)
            return PacketCut(rule=text, is_sure=verdict.is_cut, is_engines=engines)
    for table, chain in _BEHIND if walker is not None else ():
        if walker is None:
            break
        verdict = walker.verdict(table, chain, _reply(path))
        if verdict.main.kind in DROPS and verdict.rule is not None and not _is_of_engine(verdict.rule.origin):
            return PacketCut(rule=verdict.rule.text, is_sure=verdict.is_cut)
    for of, ruleset in firewall.foreign.items():
        for one in NftWalker(ruleset).forward(path.behind):
            is_sure = is_sure and one.is_sure
            if one.main.kind in DROPS:
                return PacketCut(rule=f"chain {one.chain.name} of nft table {of.text}", is_sure=one.is_cut)
    return PacketCut(is_sure=is_sure)


def _reply(path: Path) -> Packet:
    """Return the reply on its way out, before its source is translated."""
    there = path.behind
    return replace(
        there,
        inside=there.outside,
        outside=there.inside,
        source=there.destination,
        destination=there.source,
        port=ELSEWHERE,
        state="ESTABLISHED",
        tcp_flags=None,
    )


def _is_of_engine(rule: Rule | NftRule) -> bool:
    return rule.chain.startswith("DOCKER") and rule.chain != "DOCKER-USER"


def _sources(saved: Saved) -> tuple[int, ...]:
    """Return one address per source in the filter rules, except the engine's own rules."""
    found: dict[int, None] = {}
    for (table, chain), rules in saved.by_chain.items():
        if table == "nat" or (chain.startswith("DOCKER") and chain != "DOCKER-USER"):
            continue
        for rule in rules:
            words = split_words(rule.text)
            for number, word in enumerate(words[:-1]):
                if word == "-s" and (first := _first(words[number + 1])) is not None:
                    found[first] = None
    return tuple(found)[:_MOST_SOURCES]


def _named_ports(saved: Saved) -> tuple[tuple[int | None, int], ...]:
    """Return (destination, port) of each user's rule of the filter table that accepts a port, ``None`` for any destination."""
    found: dict[tuple[int | None, int], None] = {}
    for (table, chain), rules in saved.by_chain.items():
        if table != "filter" or (chain.startswith("DOCKER") and chain != "DOCKER-USER"):
            continue
        for rule in rules:
            words = split_words(rule.text)
            options = dict(pairwise(words))
            port = options.get("--dport", options.get("--dports", "")).split(",")[0].split(":")[0]
            if options.get("-j") in _ACCEPTS and "!" not in words and port.isdecimal():
                found[_first(options["-d"]) if "-d" in options else None, int(port)] = None
    return tuple(found)[:_MOST_SOURCES]


def _first(text: str) -> int | None:
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        return None
    return int(network[min(1, network.num_addresses - 1)])


def _with(saved: Saved, rule: Rule | None) -> Saved:
    if rule is None:
        return saved
    key = (rule.table, rule.chain)
    return replace(saved, by_chain={**saved.by_chain, key: (rule, *saved.rules(*key))})
