"""Follows ordinary packets through everything that translates or tracks, in the order of the kernel. No I/O but the text of rules.

Loaded only for hosts that have foreign rules.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.collect.firewall import nft_text
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.translations import DIVERTED, RENAMED, UNTRACKED, Translation
from doctor.facts.network.links import Link, Links
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Network, Networks, is_safe_interface
from doctor.facts.path.rule_lists import RuleLists
from doctor.facts.path.rules.evaluate import End, Evaluation
from doctor.facts.path.rules.form import Change, PathRule
from doctor.facts.path.rules.numbers import address, shown
from doctor.facts.path.rules.packet import ELSEWHERE, NOTHING_KNOWN, Packet, Surroundings
from doctor.facts.path.rules.ruleset import BaseChain, PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftRule, NftRuleset
from doctor.host.base import Host
from doctor.model.missing import Missing

_CONNTRACK = -200
_MANY_PORTS = 256
"""Limit of published ports that are evaluated."""


class TranslationRules(Struct, frozen=True, kw_only=True):
    """The rules that packets of one version pass.

    Attributes:
        saves: those of iptables by backend.
        own: the engine's; ``listed`` the rules of iptables whose translations another check names.
    """

    version: int
    rules: PathRules
    saves: dict[str, Saved]
    own: OwnRules | None
    listed: Saved | None = None

    @classmethod
    def of(cls, version: int, firewall: Firewall, lists: RuleLists | None, own: OwnRules | None) -> "TranslationRules":
        """Return those of a host; ``lists`` has the rules for IPv6."""
        if version == 6 and lists is not None:
            saves = {one.backend: one.saved for one in lists.saves if one.family == "ip6"}
            rules = PathRules(saves=lists.saves, nft=lists.nft, sets=lists.sets)
            return cls(version=6, rules=rules, saves=saves, own=own)
        own_saves = (firewall.v4, firewall.other)
        saves = {IptablesRules.of(saved).backend: saved for saved in own_saves if saved is not None}
        foreign = [ruleset for table, ruleset in firewall.foreign.items() if table.family in {"ip", "inet"}]
        nft = NftRuleset(
            chains=tuple(chain for one in foreign for chain in one.chains),
            rules=tuple(rule for one in foreign for rule in one.rules),
            sets={key: item for one in foreign for key, item in one.sets.items()},
        )
        rules = PathRules(saves=[IptablesRules.of(saved) for saved in saves.values()], nft=nft)
        return cls(version=4, rules=rules, saves=saves, own=own, listed=None if own is None else own.saved)


def found(
    host: Host,
    scopes: Iterable[TranslationRules],
    networks: Networks,
    links: Links,
    listeners: Listeners | Missing,
) -> tuple[Translation, ...]:
    """Return the rules, each once with all its packets of a version."""
    texts = nft_text.NftTexts(host)
    walks = [_Walks(scope, texts, networks, links) for scope in scopes]
    items = [
        item for one in walks for item in (*one.diverted_ports(), *one.diverted_queries(listeners), *one.outgoing())
    ]
    joined: dict[tuple[str, int, RulePlace], Translation] = {}
    for item in items:
        key = (item.kind, item.version, item.place)
        known = joined.get(key)
        joined[key] = item if known is None else _both(known, item)
    return tuple(joined.values())


def _both(one: Translation, other: Translation) -> Translation:
    return replace(
        one,
        packets=tuple(dict.fromkeys((*one.packets, *other.packets))),
        target=one.target if other.target in one.target.split(", ") else f"{one.target}, {other.target}",
        bridges=tuple(dict.fromkeys((*one.bridges, *other.bridges))),
        ports=tuple(dict.fromkeys((*one.ports, *other.ports))),
    )


class _OwnAddresses(Surroundings):
    """Knows the host's own addresses: all others are elsewhere."""

    def __init__(self, links: Links) -> None:
        self.texts = {one.address for link in links.links for one in link.addresses}

    def type_of(self, version: int, address: int | None, link: str) -> str | None:
        """Whether an address is the host's."""
        if address is None or address < 0 or link:
            return None
        return "local" if shown(version, address) in self.texts else "unicast"


class _Walks:
    def __init__(self, scope: TranslationRules, texts: nft_text.NftTexts, networks: Networks, links: Links) -> None:
        self.scope, self.texts, self.networks, self.links = scope, texts, networks, links
        self.version, self.family = scope.version, "ip" if scope.version == 4 else "ip6"
        self.word = "" if scope.version == 4 else "IPv6 "
        defaults = [
            route
            for route in sorted(links.routes, key=lambda route: route.metric)
            if (route.version, route.destination, route.table, route.kind)
            == (scope.version, "default", "main", "unicast")
        ]
        uplinks = [route.device for route in defaults if links.link(route.device) is not None]
        self.uplink = uplinks[0] if uplinks else ""
        gateways = [route.gateway for route in defaults if route.gateway]
        self.targets = (ELSEWHERE, *((_number(gateways[0]) or ELSEWHERE,) if gateways else ()))

    def diverted_ports(self) -> Iterator[Translation]:
        """Yield rules that take a published port's packets before the engine's rule can; iptables' own are known already."""
        for number, (network, _, port) in enumerate(self.networks.published(self.version)):
            if number >= _MANY_PORTS:
                return
            if not port.host_port or port.host_ip.startswith("127.") or port.host_ip == "::1":
                continue
            packet = Packet(
                version=self.version,
                inside=self.uplink,
                protocol=port.protocol,
                port=port.host_port,
                destination_type="local",
            )
            turned = self._turned("prerouting", packet)
            target = _number(port.container_ip)
            if turned is None or turned[1].packet.destination == target or self._is_listed(turned[0]):
                continue
            yield Translation(
                kind=DIVERTED,
                version=self.version,
                place=self._place(*turned),
                packets=(f"{self.word}packets to port {port.host_port}/{port.protocol}",),
                target=_target(turned[1].packet),
                bridges=(network.bridge,),
                ports=((port.protocol, port.host_port),),
            )

    def diverted_queries(self, listeners: Listeners | Missing) -> Iterator[Translation]:
        """Yield rules that send containers' DNS queries to a port of this host where nobody listens."""
        for network in self._external():
            for target in self.targets:
                packet = replace(self._outgoing(network, target), protocol="udp", port=53)
                turned = self._turned("prerouting", packet)
                if turned is None or turned[1].translation != "redirect" or isinstance(listeners, Missing):
                    continue
                port = turned[1].packet.port
                if port is not None and listeners.on("udp", "", port) is None:
                    yield Translation(
                        kind=DIVERTED,
                        version=self.version,
                        place=self._place(*turned),
                        packets=(f"{self.word}DNS queries of network {network.name}",),
                        target=f"port {port} of this host, on which no program listens",
                        bridges=(network.bridge,),
                        ports=(("udp", 53),),
                    )
                    break

    def outgoing(self) -> Iterator[Translation]:
        """Yield rules that keep outgoing packets from being tracked, or give them a source that this host does not have."""
        for network in self._external():
            words = (f"outgoing {self.word}packets of network {network.name}",)
            for target in self.targets:
                packet = self._outgoing(network, target)
                place = self._untracked(packet)
                if place is not None:
                    yield Translation(
                        kind=UNTRACKED, version=self.version, place=place, packets=words, bridges=(network.bridge,)
                    )
                    break
                turned = self._turned("postrouting", replace(packet, inside="", outside=self.uplink))
                source = None if turned is None else turned[1].packet.source
                if turned is None or turned[1].translation != "snat" or source is None:
                    continue
                holders = self._holders(source)
                if any("LOOPBACK" not in link.flags for link in holders):
                    continue
                yield Translation(
                    kind=RENAMED,
                    version=self.version,
                    place=self._place(*turned),
                    packets=words,
                    target=shown(self.version, source),
                    bridges=(network.bridge,),
                    holder=holders[0].name if holders else "",
                )
                break

    def _external(self) -> Iterator[Network]:
        for network in self.networks.bridges:
            is_translated = network.masquerade and network.mode_of(self.version) != "routed"
            if (
                not network.internal
                and is_translated
                and network.subnets_of(self.version)
                and is_safe_interface(network.bridge)
            ):
                yield network

    def _outgoing(self, network: Network, target: int) -> Packet:
        own = (
            one.ip if self.version == 4 else one.ip6 for one in self.networks.running if one.network_id == network.id
        )
        inside = next(filter(None, own), "")
        first = _number(network.subnets_of(self.version)[0].partition("/")[0]) or 0
        return Packet(
            version=self.version, inside=network.bridge, source=_number(inside) or first + 2, destination=target
        )

    def _holders(self, address: int) -> list[Link]:
        """Return the interfaces of this host that have an address."""
        text = shown(self.version, address)
        return [link for link in self.links.links if any(one.address == text for one in link.addresses)]

    def _turned(self, hook: str, packet: Packet) -> tuple[BaseChain, End] | None:
        """Return the first certain translation if a rule of others makes it; the engine's own ends the search."""
        scope = _OwnAddresses(self.links) if hook == "postrouting" else NOTHING_KNOWN
        for base in self.scope.rules.at(self.family, hook):
            chain = base.chain if base.kind == "nat" else None
            if chain is None:
                continue
            verdict = Evaluation(base.table, scope).run(chain, packet)
            if not verdict.main.translation:
                if any(end.translation for end in verdict.others):
                    return None
                continue
            is_sure = all(end.translation == verdict.main.translation for end in verdict.others)
            rule = verdict.rule
            return None if not is_sure or rule is None or self._is_own(rule) else (base, verdict.main)
        return None

    def _untracked(self, packet: Packet) -> RulePlace | None:
        """Return the rule that keeps a packet from being tracked, if that is certain."""
        for base in self.scope.rules.at(self.family, "prerouting"):
            chain = base.chain if base.priority < _CONNTRACK and base.kind != "nat" else None
            if chain is None:
                continue
            verdict = Evaluation(base.table, NOTHING_KNOWN).run(chain, packet)
            if not all(end.packet.state == "UNTRACKED" for end in verdict.ends):
                continue
            for rule in chain.rules:
                if _is_untracking(rule) and rule.holds(packet, NOTHING_KNOWN) is True:
                    return self._place(base, verdict.main, rule)
        return None

    def _is_own(self, rule: PathRule) -> bool:
        own = self.scope.own
        return own is not None and isinstance(rule.origin, Rule) and own.has(rule.origin)

    def _is_listed(self, base: BaseChain) -> bool:
        """Whether the check of the engine's own backend names the rules of this chain."""
        chain = base.chain
        listed = self.scope.listed
        return listed is not None and chain is not None and self.scope.saves.get(chain.backend) is listed

    def _place(self, base: BaseChain, end: End, rule: PathRule | None = None) -> RulePlace:
        chain, deciding = base.chain, rule or end.rule
        if chain is None or deciding is None:
            raise LookupError(base.name)
        origin = deciding.origin
        if isinstance(origin, NftRule):
            where = (origin.family, origin.table, origin.chain)
            return nft_text.place(self.texts, where, handle=origin.handle, base=chain.name, fallback=deciding.text)
        saved: Saved = self.scope.saves[chain.backend]
        return RulePlace(
            family=chain.family,
            table=origin.table,
            chain=origin.chain,
            base=chain.name,
            backend=saved.save[0],
            text=origin.text,
        )


def _number(text: str) -> int | None:
    found = address(text)
    return None if found is None else found[1]


def _is_untracking(rule: PathRule) -> bool:
    return any(isinstance(part, Change) and part.kind == "notrack" for part in rule.parts)


def _target(packet: Packet) -> str:
    """Return the translated destination in words."""
    if packet.destination is None or packet.destination == ELSEWHERE:
        return f"port {packet.port} of this host" if packet.port is not None else "this host"
    port = f" port {packet.port}" if packet.port not in {None, ELSEWHERE} else ""
    return f"{shown(packet.version, packet.destination)}{port}"
