"""The evaluator of rules beside the kernel: each base chain that each packet passed, verdict by verdict."""

import ipaddress
import json
from dataclasses import dataclass
from typing import Any

from doctor.facts.path.rules.evaluate import ChainVerdict, Evaluation
from doctor.facts.path.rules.packet import PROTOCOLS, Packet, Surroundings
from doctor.facts.path.rules.ruleset import BaseChain, PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.firewall import nft_json
from tests.hosts.paths.host import RandomHost
from tests.hosts.paths.layout import HOST
from tests.hosts.paths.namespace import Namespace
from tests.hosts.paths.play import stage
from tests.hosts.paths.rounds import DELIVERED, DROPPED, UNKNOWN, WRONG, Round
from tests.hosts.paths.traces import Passage, Tracer
from tests.hosts.paths.ways import probes

_STATES = {0: "INVALID", 1: "INVALID", 2: "ESTABLISHED", 4: "RELATED", 8: "NEW", 64: "UNTRACKED"}
_NAMES = {number: name for name, number in PROTOCOLS.items() if name not in {"icmpv6", "mptcp"}}
_EXTENSIONS = frozenset({0, 43, 44, 60})
_SNAT, _DNAT = 0x10, 0x20


def judge(host: RandomHost) -> Round:
    """Build a host, send the packets, and compare each chain that each of them passed."""
    with stage(host) as standing:
        place = standing.lab.places[HOST]
        found = Round(host, refused=standing.refused)
        with Tracer(place) as tracer:
            standing.send(probes(), quiet=0.05)
            rules = Rules(place)
            for passage in tracer.passages():
                rules.compare(passage, found)
    return found


class Rules:
    """The rules of a namespace as the evaluator has them, with what they may ask."""

    def __init__(self, place: Namespace) -> None:
        saves = [
            IptablesRules.parse(f"{tool}-save", place.run((f"{tool}-save",)).stdout)
            for tool in ("iptables", "ip6tables")
        ]
        self.rules = PathRules(
            saves=saves, nft=nft_json.parse(place.run(("nft", "-j", "list", "ruleset")).stdout.encode())
        )
        links = json.loads(place.run(("ip", "-j", "link")).stdout)
        self._links = {one["ifindex"]: one["ifname"] for one in links}
        self._scope = Place.of(place, self._links)

    def compare(self, passage: Passage, found: Round) -> None:
        """Compare one passage, unless its chain is not of the host."""
        base, packet = self._base(passage), self._packet(passage)
        if base is None or packet is None or base.chain is None:
            return
        verdict = Evaluation(base.table, self._scope).run(base.chain, packet)
        kinds = {"drop" if kind == "reject" else kind for kind in verdict.kinds}
        reason = "; ".join(rule.text for rule in verdict.doubts)
        if kinds != {passage.verdict}:
            kind = UNKNOWN if passage.verdict in kinds else WRONG
        elif not _same_rule(verdict, passage):
            kind = WRONG
        else:
            kind = DROPPED if passage.verdict == "drop" else DELIVERED
        said = f"{'/'.join(sorted(kinds))} by {verdict.rule.text if verdict.rule else 'the policy'}, in doubt: {reason or 'nothing'}"
        name = f"{passage.family} {passage.table} {passage.chain}"
        seen = f"{passage.verdict} {'by the policy' if passage.is_policy else ''} after {passage.rules}"
        found.add(kind, name, f"{kind}: {name}: the kernel: {seen}; the model: {said}; {packet}", reason)

    def _base(self, passage: Passage) -> BaseChain | None:
        for base in self.rules.bases:
            chain = base.chain
            if chain is not None and (chain.family, chain.table, chain.name) == (
                passage.family,
                passage.table,
                passage.chain,
            ):
                return base
        return None

    def _packet(self, passage: Passage) -> Packet | None:
        fields = _of_ip(passage)
        if fields is None:
            return None
        frame = passage.frame
        inside, outside = (self._links.get(index, "") for index in (passage.inside, passage.outside))
        return Packet(
            inside=inside,
            outside=outside,
            state=_STATES.get(passage.state),
            destination_type=None,
            is_dnat=bool(passage.status & _DNAT),
            is_snat=bool(passage.status & _SNAT),
            is_reply=passage.direction == 1 if passage.state else None,
            mark=passage.mark,
            has_frame=passage.family in {"bridge", "netdev"} or None,
            source_mac=frame[6:12].hex(":") if len(frame) >= 14 else None,
            destination_mac=frame[:6].hex(":") if len(frame) >= 14 else None,
            **fields,
        )


def _same_rule(verdict: ChainVerdict, passage: Passage) -> bool:
    """Whether one of the possible ends is by the kernel's rule; rules of iptables have no handles in a save."""
    handles = {0 if end.rule is None else end.rule.handle for end in verdict.ends}
    return 0 in handles or passage.rules[-1][1] in handles


def _of_ip(passage: Passage) -> dict[str, Any] | None:
    """The fields of both headers, None if there is no IP, or more of IPv6 between them."""
    head, rest = passage.ip, passage.transport
    if len(head) >= 20 and head[0] >> 4 == 4:
        number, ttl, dscp, length = head[9], head[8], head[1] >> 2, int.from_bytes(head[2:4], "big")
        version, source, destination = 4, head[12:16], head[16:20]
    elif len(head) >= 40 and head[0] >> 4 == 6:
        number, ttl, length = head[6], head[7], int.from_bytes(head[4:6], "big") + 40
        dscp = (int.from_bytes(head[:2], "big") >> 6) & 0x3F
        version, source, destination = 6, head[8:24], head[24:40]
    else:
        return None
    if number in _EXTENSIONS:
        return None
    fields: dict[str, Any] = {
        "version": version,
        "source": int.from_bytes(source, "big"),
        "destination": int.from_bytes(destination, "big"),
        "protocol": _NAMES.get(number, str(number)),
        "length": length,
        "ttl": ttl,
        "dscp": dscp,
        "sport": None,
        "port": None,
    }
    if number in {6, 17} and len(rest) >= 8:
        fields |= {"sport": int.from_bytes(rest[:2], "big"), "port": int.from_bytes(rest[2:4], "big")}
        fields |= {"tcp_flags": rest[13]} if number == 6 and len(rest) > 13 else {}
    if number in {1, 58} and len(rest) >= 2:
        fields |= {"icmp_type": rest[0], "icmp_code": rest[1]}
    return fields


@dataclass
class Place(Surroundings):
    """The types of addresses in a namespace, by its table `local`."""

    indexes: dict[str, int]
    types: list[tuple[Any, str]]

    @classmethod
    def of(cls, place: Namespace, links: dict[int, str]) -> "Place":
        """Read a namespace."""
        types = []
        for version in ("-4", "-6"):
            listed = json.loads(place.run(("ip", version, "-j", "route", "show", "table", "local")).stdout or "[]")
            types += [(ipaddress.ip_network(one["dst"]), one.get("type", "local")) for one in listed]
        types.sort(key=lambda one: -one[0].prefixlen)
        return cls({name: index for index, name in links.items()}, types)

    def type_of(self, version: int, address: int | None, link: str) -> str | None:
        """The type of an address."""
        if address is None or address < 0 or link:
            return None
        one = ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address)
        if one.is_multicast:
            return "multicast"
        if version == 6 and one.is_link_local:
            return None
        return next((kind for net, kind in self.types if net.version == version and one in net), "unicast")

    def index_of(self, name: str) -> int | None:
        """The number of a link."""
        return self.indexes.get(name)
