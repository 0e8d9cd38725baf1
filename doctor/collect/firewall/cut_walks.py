"""The effect of foreign rules on ordinary packets of the engine's networks, by evaluating them in all rules. No I/O.

Loaded only for hosts that have foreign rules.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.facts.firewall.cuts import BETWEEN, ENGINE, FIRST, ISOLATION, NFT, USER, Cut, Hijack, TrafficCuts
from doctor.facts.firewall.generations import ENGINE_CHAINS
from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.walk import NftWalker, Walker, matches, prepared
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.facts.path.rules.evaluate import ChainVerdict
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import ELSEWHERE, Packet
from doctor.facts.path.rules.tables import Spans, spans_of
from doctor.formats.firewall.iptables_save import Rule
from doctor.model.missing import Missing

_ISOLATION_CHAINS = ("DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-INTERNAL")
_MANY_PORTS = 256
"""Limit of published ports that are evaluated in nat PREROUTING."""


def cuts_of(firewall: Firewall, networks: Networks, own: OwnRules | None, links: Links | Missing) -> TrafficCuts:
    """Return the cuts; without ``own``, if the engine's rules are unknown, only those of nft tables."""
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    packets = _Packets(networks, uplinks[0].name if uplinks else "")
    cuts = list(_nft_cuts(firewall, packets))
    bypasses: list[Cut] = []
    unmasked: list[Cut] = []
    hijacks: list[Hijack] = []
    if own is not None:
        subnets = [subnet for network in networks.bridges for subnet in network.subnets]
        family = _Family(own, spans_of(subnets))
        cuts += family.cuts(packets)
        cuts += family.early_cuts(packets)
        bypasses += family.bypasses(packets)
        unmasked += family.unmasked(packets)
        hijacks += family.hijacks(packets)
    return TrafficCuts(
        cuts=_joined(cuts),
        bypasses=_joined(bypasses),
        unmasked=_joined(unmasked),
        hijacks=tuple(hijacks),
        gaps=firewall.gaps,
    )


class _Packets:
    """Ordinary packets of each network with outside access."""

    def __init__(self, networks: Networks, uplink: str) -> None:
        self.networks = networks
        self.uplink = uplink
        self.external = [network for network in networks.bridges if not network.internal and network.subnets]

    def address(self, network: Network) -> int:
        """Return an address in a network: that of a running container, else the second one."""
        for endpoint in self.networks.running:
            if endpoint.network_id == network.id and endpoint.ip:
                return address_number(endpoint.ip) or 0
        return (address_number(network.subnets[0].partition("/")[0]) or 0) + 2

    def of(self, network: Network) -> Iterator[tuple[str, Packet]]:
        """Yield an outgoing packet, a reply, and a packet to a published port."""
        inside = self.address(network)
        yield "egress", Packet(inside=network.bridge, outside=self.uplink, source=inside)
        yield "reply", Packet(inside=self.uplink, outside=network.bridge, destination=inside, state="ESTABLISHED")
        for owner, _, port in self.networks.published():
            if owner.id == network.id:
                yield (
                    "port",
                    Packet(
                        inside=self.uplink,
                        outside=network.bridge,
                        destination=address_number(port.container_ip),
                        protocol=port.protocol,
                        port=port.container_port,
                        is_dnat=True,
                    ),
                )
                return


class _Family:
    """Evaluates iptables rules."""

    def __init__(self, own: OwnRules, inside: Spans) -> None:
        self.saved = own.saved
        self.walker = Walker(own.saved, inside)
        self.is_own = own.has

    def cuts(self, packets: _Packets) -> Iterator[Cut]:
        for network in packets.external:
            for traffic, packet in packets.of(network):
                verdict = self.walker.verdict("filter", "FORWARD", packet)
                stranger = self._stranger(verdict)
                if verdict.is_cut and stranger is not None and verdict.rule is not None:
                    yield self._cut(self._place(stranger), stranger, _decided(verdict), traffic, network)

    def early_cuts(self, packets: _Packets) -> Iterator[Cut]:
        """Yield cuts in tables that the engine's accepts can't override: raw and mangle are evaluated before filter."""
        for network in packets.external:
            for traffic, packet in packets.of(network):
                for table, chain, seen in _elsewhere(traffic, packet):
                    verdict = self.walker.verdict(table, chain, seen)
                    stranger = self._stranger(verdict)
                    if verdict.is_cut and stranger is not None:
                        yield replace(self._cut(FIRST, stranger, _decided(verdict), traffic, network), lift=())

    def bypasses(self, packets: _Packets) -> Iterator[Cut]:
        """Yield rules that leave an isolation chain before the engine's own rule."""
        for network in packets.external:
            other = next((found for found in packets.external if found is not network), None)
            if other is None:
                return
            packet = Packet(
                inside=network.bridge,
                outside=other.bridge,
                source=packets.address(network),
                destination=packets.address(other),
            )
            for chain in _ISOLATION_CHAINS:
                for rule in self.saved.rules("filter", chain):
                    target = rule.text.rpartition(" -j ")[2]
                    if target not in {"RETURN", "ACCEPT"} or self.is_own(rule) or not matches(rule, packet):
                        continue
                    lift = self._below(rule, network.bridge if chain != _ISOLATION_CHAINS[1] else other.bridge)
                    if lift:
                        cut = self._cut(ISOLATION, rule, (target, (rule,)), "", network)
                        yield replace(cut, lift=self._below(rule))

    def unmasked(self, packets: _Packets) -> Iterator[Cut]:
        """Yield rules in nat POSTROUTING that accept an outgoing packet before the engine translates it."""
        for network in packets.external:
            packet = Packet(outside=packets.uplink, source=packets.address(network))
            verdict = self.walker.verdict("nat", "POSTROUTING", packet)
            stranger = self._stranger(verdict)
            if stranger is None or verdict.target != "accept" or not verdict.is_sure:
                continue
            if any(f" ! -o {network.bridge} -j " in text for text in self._below(stranger)):
                yield self._cut(FIRST, stranger, _decided(verdict), "egress", network)

    def hijacks(self, packets: _Packets) -> Iterator[Hijack]:
        """Yield rules in nat PREROUTING that redirect a published port's packets before the engine's rule."""
        for number, (_, endpoint, port) in enumerate(packets.networks.published()):
            if number >= _MANY_PORTS:
                return
            if not port.host_port or port.host_ip.startswith("127."):
                continue
            packet = Packet(
                inside=packets.uplink, protocol=port.protocol, port=port.host_port, destination_type="local"
            )
            verdict = self.walker.verdict("nat", "PREROUTING", packet)
            stranger = self._stranger(verdict)
            if stranger is not None and stranger.chain == "PREROUTING":
                yield Hijack(
                    rule=stranger.text,
                    chain=stranger.chain,
                    container=endpoint.container,
                    port=port.text,
                    target=verdict.target.upper(),
                )

    def _stranger(self, verdict: ChainVerdict) -> Rule | None:
        return next((rule for rule in _rules(verdict) if not self.is_own(rule)), None)

    def _place(self, stranger: Rule) -> str:
        if stranger.chain == "DOCKER-USER":
            return USER
        if stranger.chain in _ISOLATION_CHAINS:
            return ISOLATION
        if stranger.chain in ENGINE_CHAINS:
            return ENGINE
        rules = self.saved.rules("filter", "FORWARD")
        above = rules[: rules.index(stranger)]
        return BETWEEN if any(self.is_own(rule) for rule in above) else FIRST

    def _below(self, stranger: Rule, bridge: str = "") -> tuple[str, ...]:
        """Return the engine's rules below a foreign one in its chain; only those of ``bridge`` if given."""
        rules = self.saved.rules(stranger.table, stranger.chain)
        below = rules[rules.index(stranger) + 1 :]
        return tuple(
            rule.text
            for rule in below
            if rule.text != stranger.text and self.is_own(rule) and (not bridge or bridge in rule.text.split())
        )

    def _cut(
        self, place: str, stranger: Rule, decided: tuple[str, tuple[Rule, ...]], traffic: str, network: Network
    ) -> Cut:
        target, path = decided
        return Cut(
            place=place,
            table=stranger.table,
            chain=stranger.chain,
            rule=stranger.text,
            decided=path[-1].text,
            target=target,
            traffic=(traffic,) if traffic else (),
            networks=(network.name,),
            bridges=(network.bridge,),
            lift=self._below(stranger),
            is_narrow=not _is_plain(path[path.index(stranger) :]),
        )


def _rules(verdict: ChainVerdict) -> tuple[Rule, ...]:
    return tuple(rule.origin for rule in verdict.path if isinstance(rule.origin, Rule))


def _decided(verdict: ChainVerdict) -> tuple[str, tuple[Rule, ...]]:
    """Return the target and the rules that led to it."""
    return verdict.target.upper(), _rules(verdict)


def _elsewhere(traffic: str, packet: Packet) -> Iterator[tuple[str, str, Packet]]:
    """Yield the other chains that evaluate a forwarded packet, and the packet at that point.

    In PREROUTING its destination is not translated yet: a reply is still addressed to the host. The host's port of a
    published one is not judged.
    """
    if traffic != "port":
        incoming = replace(
            packet,
            outside="",
            destination=ELSEWHERE,
            destination_type="local" if traffic == "reply" else "unicast",
        )
        yield "raw", "PREROUTING", incoming
        yield "mangle", "PREROUTING", incoming
    yield "mangle", "FORWARD", packet
    yield "mangle", "POSTROUTING", replace(packet, inside="")


def _nft_cuts(firewall: Firewall, packets: _Packets) -> Iterator[Cut]:
    for table, ruleset in firewall.foreign.items():
        if table.family not in {"ip", "inet"}:
            continue
        walker = NftWalker(ruleset)
        for network in packets.external:
            for traffic, packet in packets.of(network):
                for verdict in walker.forward(packet):
                    if verdict.is_cut:
                        said = verdict.rule.text if verdict.rule is not None else f"policy {verdict.target}"
                        yield Cut(
                            place=NFT,
                            table=table.text,
                            chain=verdict.chain.name,
                            rule=said,
                            decided=said,
                            target=verdict.target.upper(),
                            traffic=(traffic,),
                            networks=(network.name,),
                            bridges=(network.bridge,),
                            priority=verdict.chain.priority,
                            handle=verdict.path[0].handle if verdict.path else 0,
                            is_narrow=not all(rule.is_plain for rule in verdict.path),
                        )


def _is_plain(path: tuple[Rule, ...]) -> bool:
    """Whether every rule matches all packets: it was not written for specific traffic."""
    return all(prepared(rule).is_plain for rule in path)


def _joined(cuts: list[Cut]) -> tuple[Cut, ...]:
    """Merge entries of one foreign rule: its traffic and networks together."""
    found: dict[tuple[str, str, str], Cut] = {}
    for cut in cuts:
        key = (cut.table, cut.chain, cut.rule)
        known = found.get(key)
        if known is None:
            found[key] = cut
        else:
            found[key] = replace(
                known,
                traffic=tuple(dict.fromkeys((*known.traffic, *cut.traffic))),
                networks=tuple(dict.fromkeys((*known.networks, *cut.networks))),
                bridges=tuple(dict.fromkeys((*known.bridges, *cut.bridges))),
                is_narrow=known.is_narrow or cut.is_narrow,
            )
    return tuple(found.values())
