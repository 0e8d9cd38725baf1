"""Whether rules end the packets of a connection that this host has."""

from typing import Any

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.path.rules.form import DROPS
from doctor.facts.path.rules.hooks import evaluate
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.network.proc_net import Connection

_ACK = 0x10


def ends(firewall: Firewall, session: Connection, link: str) -> bool:
    """Whether its packets, or the answers, are certainly dropped at this host's own hooks."""
    saves = tuple(IptablesRules.of(one) for one in (firewall.v4, firewall.v6, firewall.other) if one is not None)
    rules = [PathRules(saves=saves), *(PathRules(nft=one) for one in firewall.foreign.values())]
    own, peer = address(session.address), address(session.peer)
    if own is None or peer is None:
        return False
    same: dict[str, Any] = {
        "version": own[0], "protocol": "tcp", "state": "ESTABLISHED", "tcp_flags": _ACK, "length": 100, "ttl": 64,
        "is_snat": False, "is_reply": None, "mark": 0, "ct_mark": 0, "source_type": None, "destination_type": None,
    }  # fmt: skip
    come = Packet(
        source=peer[1], destination=own[1], sport=session.peer_port, port=session.port, inside=link, outside="", **same
    )
    leave = Packet(
        source=own[1], destination=peer[1], sport=session.port, port=session.peer_port, inside="", outside=link, **same
    )
    family = "ip" if own[0] == 4 else "ip6"
    hooks = (("prerouting", come), ("input", come), ("output", leave), ("postrouting", leave))
    return any(evaluate(one, family, name, packet).kind in DROPS for one in rules for name, packet in hooks)
