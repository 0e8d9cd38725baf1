"""Rules that drop the questions for addresses (ARP) between containers and their gateway, also those of containers to come.

A container that still knows its gateway reaches it until that entry is too old: walks of packets can't be sure of these rules.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.facts.network.networks import Network, Networks
from doctor.facts.path.paths import PathCut
from doctor.facts.path.rule_lists import RuleLists
from doctor.facts.path.rules.form import DROP
from doctor.facts.path.rules.hooks import HookVerdict, evaluate
from doctor.facts.path.rules.numbers import address_number
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.way import DROPPED, HOST, Hop

_FAMILIES = frozenset({"arp", "bridge"})
_ALL = "ff:ff:ff:ff:ff:ff"
_ASKS, _ANSWERS = 1, 2


def arp_cuts(lists: RuleLists, networks: Networks) -> Iterator[PathCut]:
    """Yield the rules that certainly drop a container's question for its gateway, the answer, or a question of the host."""
    chains = () if lists.nft is None else lists.nft.chains
    if not any(chain.hook and chain.family in _FAMILIES for chain in chains):
        return
    rules = PathRules(nft=lists.nft)
    used = {endpoint.network_id for endpoint in networks.running}
    known: set[tuple[str, str, int]] = set()
    for network in networks.bridges:
        if network.id not in used or not network.subnets:
            continue
        for words, packet, is_in in _packets(network):
            verdict = _dropped(rules, packet, network.bridge, is_in=is_in)
            if verdict is None or verdict.by is None or verdict.end is None:
                continue
            cut = _cut(f"{words} on {network.bridge}", verdict, "input" if is_in else "output")
            key = (cut.table, cut.chain, cut.handle)
            if key not in known:
                known.add(key)
                yield cut


def _packets(network: Network) -> Iterator[tuple[str, Packet, bool]]:
    first = address_number(network.subnets[0].partition("/")[0]) or 0
    gateway = address_number(network.gateway.partition("/")[0]) or first + 1
    asks = Packet(
        version=0,
        source=None,
        destination=gateway,
        protocol=None,
        sport=None,
        port=None,
        state="UNTRACKED",
        destination_type="multicast",
        mark=0,
        icmp_type=_ASKS,
        destination_mac=_ALL,
        packet_type="broadcast",
        bridge=network.bridge,
    )
    answers = replace(
        asks, icmp_type=_ANSWERS, source=gateway, destination=None, destination_mac=None, packet_type=None
    )
    yield "questions of containers for the address of their gateway (ARP)", asks, True
    yield "answers to containers that ask for the address of their gateway (ARP)", answers, False
    yield (
        "questions of this host for the addresses of containers (ARP)",
        replace(asks, source=gateway, destination=None),
        False,
    )
    yield (
        "answers of containers to this host's questions for their addresses (ARP)",
        replace(answers, source=None, destination=gateway),
        True,
    )


def _dropped(rules: PathRules, packet: Packet, bridge: str, *, is_in: bool) -> HookVerdict | None:
    """Return the verdict that certainly drops a frame between the bridge's ports, of which none is known, and the host."""
    at_port = replace(packet, inside=None if is_in else "", outside="" if is_in else None)
    at_host = replace(packet, inside=bridge if is_in else "", outside="" if is_in else bridge, is_local_out=not is_in)
    steps = (
        (("bridge", "prerouting", at_port), ("bridge", "input", at_port), ("arp", "input", at_host))
        if is_in
        else (("arp", "output", at_host), ("bridge", "output", at_port), ("bridge", "postrouting", at_port))
    )
    for family, hook, seen in steps:
        verdict = evaluate(rules, family, hook, seen)
        if verdict.kind == DROP:
            return verdict
    return None


def _cut(words: str, verdict: HookVerdict, hook: str) -> PathCut:
    base, end = verdict.by, verdict.end
    rule = None if end is None else end.rule
    if base is None:
        raise LookupError(words)
    chain = base.name if rule is None else getattr(rule.origin, "chain", base.name)
    return PathCut(
        cause="neighbour",
        end=DROPPED,
        place=HOST,
        table=f"{base.family} {base.table}",
        chain=chain,
        handle=0 if rule is None else rule.handle,
        rule="" if rule is None else rule.text,
        says=f"{words} end at {verdict.text}",
        reason=verdict.text,
        hops=(Hop(place=HOST, device="", step=f"{base.family} {base.hook or hook}", outcome=DROP),),
    )
