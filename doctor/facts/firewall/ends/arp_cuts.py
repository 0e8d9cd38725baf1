"""Rules that drop the questions for addresses (ARP, IPv6) between containers and their gateway, also those of containers to come.

A container that still knows its gateway reaches it until that entry is too old: walks of packets can't be sure of these rules.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.facts.network.networks import Network, Networks
from doctor.facts.path.paths import PathCut
from doctor.facts.path.rule_lists import RuleLists
from doctor.facts.path.rules.form import DROP
from doctor.facts.path.rules.hooks import HookVerdict, evaluate
from doctor.facts.path.rules.numbers import address, address_number
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.way import DROPPED, HOST, Hop

_FAMILIES = {4: frozenset({"arp", "bridge"}), 6: frozenset({"ip6", "inet", "bridge", "netdev"})}
_ALL = "ff:ff:ff:ff:ff:ff"
_ASKS, _ANSWERS = 1, 2
_SOLICITS, _ADVERTISES = 135, 136
_SOLICITED = 0xFF02 << 112 | 0x1FF << 24
"""ff02::1:ff00:0: the group in which the owner of an IPv6 address is asked."""
_WORDS = {4: "ARP", 6: "IPv6"}


def arp_cuts(lists: RuleLists, networks: Networks) -> Iterator[PathCut]:
    """Yield the rules that certainly drop a container's question for its gateway, the answer, or a question of the host."""
    chains = () if lists.nft is None else lists.nft.chains
    families = {chain.family for chain in chains if chain.hook}
    has_six = bool(_FAMILIES[6] & families) or any(save.family == "ip6" for save in lists.saves)
    versions = [version for version in (4, 6) if (has_six if version == 6 else _FAMILIES[4] & families)]
    used = {endpoint.network_id for endpoint in networks.running}
    asking = [
        (network, version)
        for network in networks.bridges
        for version in versions
        if network.id in used and network.subnets_of(version)
    ]
    # Those of iptables are of no use for ARP.
    rules = PathRules(saves=lists.saves if has_six else (), nft=lists.nft, sets=lists.sets) if asking else PathRules()
    known: set[tuple[str, str, int, str]] = set()
    for network, version in asking:
        for words, packet, is_in in _packets(network) if version == 4 else _packets6(network):
            verdict = _dropped(rules, packet, network.bridge, is_in=is_in)
            if verdict is None or verdict.by is None or verdict.end is None:
                continue
            cut = _cut(f"{words} ({_WORDS[version]}) on {network.bridge}", verdict, "input" if is_in else "output")
            key = (cut.table, cut.chain, cut.handle, cut.rule)
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
    yield "questions of containers for the address of their gateway", asks, True
    yield "answers to containers that ask for the address of their gateway", answers, False
    yield (
        "questions of this host for the addresses of containers",
        replace(asks, source=gateway, destination=None),
        False,
    )
    yield (
        "answers of containers to this host's questions for their addresses",
        replace(answers, source=None, destination=gateway),
        True,
    )


def _packets6(network: Network) -> Iterator[tuple[str, Packet, bool]]:
    found = address(network.gateway6.partition("/")[0])
    gateway = None if found is None else found[1]
    asks = Packet(
        version=6,
        source=None,
        destination=None if gateway is None else _SOLICITED | gateway & 0xFFFFFF,
        protocol="ipv6-icmp",
        sport=None,
        port=None,
        state="UNTRACKED",
        destination_type="multicast",
        mark=0,
        ttl=255,
        icmp_type=_SOLICITS,
        icmp_code=0,
        packet_type="multicast",
        bridge=network.bridge,
    )
    answers = replace(
        asks, icmp_type=_ADVERTISES, source=gateway, destination=None, destination_type=None, packet_type=None
    )
    yield "questions of containers for the address of their gateway", asks, True
    yield "answers to containers that ask for the address of their gateway", answers, False
    yield "questions of this host for the addresses of containers", replace(asks, destination=None), False
    yield "answers of containers to this host's questions for their addresses", replace(answers, source=None), True


def _dropped(rules: PathRules, packet: Packet, bridge: str, *, is_in: bool) -> HookVerdict | None:
    """Return the verdict that certainly drops a frame between the bridge's ports, of which none is known, and the host."""
    at_port = replace(packet, inside=None if is_in else "", outside="" if is_in else None)
    at_host = replace(packet, inside=bridge if is_in else "", outside="" if is_in else bridge, is_local_out=not is_in)
    arp = packet.version == 0
    at_device = replace(at_host, bridge=None)
    steps = (
        (
            ("bridge", "prerouting", at_port, ""),
            ("bridge", "input", at_port, ""),
            *((("arp", "input", at_host, ""),) if arp else _inward(at_device, bridge)),
        )
        if is_in
        else (
            *((("arp", "output", at_host, ""),) if arp else _outward(at_device, bridge)),
            ("bridge", "output", at_port, ""),
            ("bridge", "postrouting", at_port, ""),
        )
    )
    for family, hook, seen, device in steps:
        verdict = evaluate(rules, family, hook, seen, device=device)
        if verdict.kind == DROP:
            return verdict
    return None


def _inward(packet: Packet, bridge: str) -> tuple[tuple[str, str, Packet, str], ...]:
    """Return the hooks of a question or answer of IPv6 to the host."""
    return (
        ("netdev", "ingress", packet, bridge),
        ("ip6", "prerouting", packet, ""),
        ("ip6", "input", packet, ""),
    )


def _outward(packet: Packet, bridge: str) -> tuple[tuple[str, str, Packet, str], ...]:
    return (("ip6", "output", packet, ""), ("ip6", "postrouting", packet, ""), ("netdev", "egress", packet, bridge))


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
