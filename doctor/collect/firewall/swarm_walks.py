"""The rules that drop the packets of other swarm nodes, by evaluating one packet of each kind. No I/O.

Loaded only on a swarm node that knows another one.
"""

from collections.abc import Iterator

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.swarm_cuts import SwarmCut, SwarmCuts
from doctor.facts.firewall.walk import NftWalker, Walker
from doctor.facts.network.swarm import GOSSIP_PORT, SwarmNetwork
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import ELSEWHERE, Packet
from doctor.facts.path.rules.tables import spans_of

_INCOMING = (("raw", "PREROUTING"), ("mangle", "PREROUTING"), ("mangle", "INPUT"), ("filter", "INPUT"))
_HOOKS = ("prerouting", "input")

Place = tuple[str, str, str, bool, int]
"""Table, chain, rule, whether it is a table of nft, and the handle: the first fields of a ``SwarmCut``."""


def cuts_of(firewall: Firewall, swarm: SwarmNetwork) -> SwarmCuts:
    """Return the rules; none about overlay networks that do not exist."""
    found: dict[Place, tuple[dict[str, None], dict[str, None]]] = {}
    inside = spans_of(
        [f"{address}/32" for address in (swarm.address, *(peer.address for peer in swarm.peers)) if address]
    )
    walkers = [Walker(saved, inside) for saved in (firewall.v4, firewall.other) if saved is not None]
    for peer in swarm.peers:
        for word, protocol, port in _kinds(swarm):
            packet = Packet(
                inside=peer.device,
                source=address_number(peer.address),
                destination=address_number(swarm.address),
                protocol=protocol,
                port=ELSEWHERE if port is None else port,
                destination_type="local",
            )
            for place in (*_iptables(walkers, packet), *_nft(firewall, packet)):
                ports, peers = found.setdefault(place, ({}, {}))
                ports[word], peers[peer.address] = None, None
    items = []
    for (table, chain, rule, is_nft, handle), (ports, peers) in found.items():
        cut = SwarmCut(
            table=table, chain=chain, rule=rule, is_nft=is_nft, handle=handle, ports=tuple(ports), peers=tuple(peers)
        )
        items.append(cut)
    return SwarmCuts(items=tuple(items), gaps=firewall.gaps)


def _kinds(swarm: SwarmNetwork) -> Iterator[tuple[str, str, int | None]]:
    if swarm.overlays:
        yield f"{swarm.port}/udp", "udp", swarm.port
        yield f"{GOSSIP_PORT}/tcp", "tcp", GOSSIP_PORT
        yield f"{GOSSIP_PORT}/udp", "udp", GOSSIP_PORT
    if swarm.is_encrypted:
        yield "esp", "esp", None
    if swarm.control_port:
        yield f"{swarm.control_port}/tcp", "tcp", swarm.control_port


def _iptables(walkers: list[Walker], packet: Packet) -> Iterator[Place]:
    for walker in walkers:
        for table, chain in _INCOMING:
            verdict = walker.verdict(table, chain, packet)
            if verdict.is_cut:
                yield (
                    table,
                    chain,
                    verdict.rule.text if verdict.rule is not None else f"policy {verdict.target.upper()}",
                    False,
                    0,
                )


def _nft(firewall: Firewall, packet: Packet) -> Iterator[Place]:
    for nft, ruleset in firewall.foreign.items():
        if nft.family not in {"ip", "inet"}:
            continue
        for hook in _HOOKS:
            for found in NftWalker(ruleset).at(hook, packet):
                if found.is_cut:
                    rule = found.rule.text if found.rule is not None else f"policy {found.target}"
                    yield nft.text, found.chain.name, rule, True, found.path[0].handle if found.path else 0
