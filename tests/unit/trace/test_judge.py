"""The end of a way: where, why, by which rule; and the document that shows it."""

import errno
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from doctor.formats.netlink.links import NetLink
from doctor.formats.netlink.routes import Neighbour
from doctor.formats.trace.events import TraceEvent
from doctor.formats.trace.nftrace import RuleStep
from doctor.formats.trace.packets import TappedPacket, TraceFlow, packet_of
from doctor.host.trace.taps import TapRecord
from doctor.trace.evidence import TraceCase
from doctor.trace.join import JoinedWay
from doctor.trace.judge import judge
from doctor.trace.modelled import agrees
from doctor.trace.report import TraceHop, TraceModel, TraceReport, TraceResult, TraceRule
from doctor.trace.shown import document, lines

FLOW = TraceFlow(version=4, protocol="tcp", source="172.17.0.2", target="192.0.2.80", sport=40001, dport=80, length=429)
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/trace.schema.json").read_text("utf-8"))
LINKS = {
    "host": (NetLink(index=2, name="eth0"), NetLink(index=3, name="docker0", kind="bridge")),
    "aa": (NetLink(index=4, name="eth0", kind="veth"),),
}


def hop(place: str, device: str, event: str = "received", way: str = "there", **more: Any) -> TraceHop:
    return TraceHop(way=way, milliseconds=0.1, place=place, device=device, event=event, **more)


BEGIN = (hop("aa", "eth0", "sent"), hop("host", "vethaa"), hop("host", "docker0"))
OUT = hop("host", "eth0", "sent", source="198.51.100.1:40001", target="192.0.2.80:80")


def case(*there: TraceHop, **more: Any) -> TraceCase:
    given = {
        "origin": "aa",
        "target": "",
        "address": "192.0.2.80",
        "flow": FLOW,
        "errno": 0,
        "way": JoinedWay(there=there, back=()),
        "taps": (),
        "steps": (),
        "links": LINKS,
        "host_addresses": frozenset({"198.51.100.1"}),
    }
    return TraceCase(**(given | more))


def answer(flags: int) -> TapRecord:
    packet = TappedPacket(
        version=4, protocol=6, source="192.0.2.80", target="172.17.0.2", length=44, sport=80, dport=40001, flags=flags
    )
    return TapRecord(place="aa", device="eth0", index=4, is_sent=False, way="back", packet=packet)


def drop(reason: str, function: str, device: str = "docker0", place: str = "host") -> TraceHop:
    return hop(place, device, "dropped", reason=reason, function=function)


@pytest.mark.parametrize(
    ("found", "result", "cause"),
    [
        (case(*BEGIN, OUT, taps=(answer(18),)), "delivered", ""),
        (case(*BEGIN, OUT, taps=(answer(20),)), "delivered", "no-socket"),
        (case(*BEGIN, OUT, taps=(answer(20),), target="host"), "refused", "no-socket"),
        (case(*BEGIN, OUT), "left", ""),
        (case(*BEGIN, hop("host", "eth0", "sent", source="172.17.0.2:40001")), "dropped", "wrong-source"),
        (case(*BEGIN, hop("host", "eth0", "sent", source="172.17.0.2:40001"), is_masqueraded=False), "left", ""),
        (case(*BEGIN, drop("IP_INADDRERRORS", "ip_error")), "dropped", "forwarding-off"),
        (case(*BEGIN, drop("NOT_SPECIFIED", "ip_error")), "dropped", "route-discards"),
        (case(*BEGIN, drop("NEW_REASON", "new_function")), "dropped", "unspecified"),
        (case(*BEGIN), "lost", ""),
        (case(*BEGIN, is_complete=False), "unknown", ""),
        (case(), "unknown", ""),
        (case(errno=errno.ENETUNREACH), "dropped", "no-route"),
        (case(*BEGIN, hop("bb", "eth0"), target="bb"), "lost", "no-answer"),
        (
            case(*BEGIN, hop("bb", "eth0"), drop("NO_SOCKET", "tcp_v4_rcv", "eth0", "bb"), target="bb"),
            "refused",
            "no-socket",
        ),
        # A bridge that floods: copies are dropped in other containers, which says nothing of the packet.
        (
            case(*BEGIN[:2], hop("host", "vethbb", "sent"), drop("OTHERHOST", "ip_rcv_core", "eth0", "")),
            "lost",
            "wrong-hardware-address",
        ),
    ],
)
def test_each_end_has_its_result(found: TraceCase, result: str, cause: str) -> None:
    end = judge(found)
    assert (end.result.value, end.cause) == (result, cause), end.says


def test_an_icmp_error_ends_the_way() -> None:
    """Of a router, the packet is dropped; of the target outside, it arrived at a closed port."""
    quoted = TappedPacket(
        version=4, protocol=17, source="172.17.0.2", target="192.0.2.80", length=429, sport=40001, dport=53
    )

    def error(source: str, kind: int, code: int) -> TapRecord:
        packet = TappedPacket(
            version=4, protocol=1, source=source, target="172.17.0.2", length=56, kind=kind, code=code, quoted=quoted
        )
        return TapRecord(place="aa", device="eth0", index=4, is_sent=False, way="error", packet=packet)

    for record, result, cause in (
        (error("192.0.2.1", 3, 1), "dropped", "route-discards"),
        (error("192.0.2.80", 3, 3), "delivered", "no-socket"),
        (error("192.0.2.1", 3, 99), "dropped", "icmp"),
    ):
        end = judge(case(*BEGIN, OUT, taps=(record,)))
        assert (end.result.value, end.cause) == (result, cause)


def test_model_and_kernel_are_compared() -> None:
    """An unknown answer of either is neither agreement nor disagreement."""
    result = TraceResult
    assert [agrees("delivered", one) for one in (result.DELIVERED, result.LEFT, result.DROPPED, result.LOST)] == [
        True,
        True,
        False,
        False,
    ]
    assert [agrees("dropped", one) for one in (result.DELIVERED, result.LEFT, result.DROPPED, result.REFUSED)] == [
        False,
        None,
        True,
        True,
    ]
    assert agrees("unknown", result.DROPPED) is None
    assert agrees("rejected", result.UNKNOWN) is None


def test_a_rule_is_of_the_packet_that_it_dropped() -> None:
    """Another packet may be marked too; the answer's drop is not the packet's."""
    mine = RuleStep(
        packet=1,
        family="ip",
        table="filter",
        chain="FORWARD",
        kind="rule",
        handle=7,
        verdict="drop",
        head=packet_of(FLOW)[:40],
    )
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 44, 0, 0, 64, 6, 0, bytes(4), bytes(4)) + struct.pack(">HH", 80, 40001)
    back = RuleStep(
        packet=2, family="ip", table="filter", chain="FORWARD", kind="policy", handle=0, verdict="drop", head=head
    )
    end = judge(case(*BEGIN, drop("NETFILTER_DROP", "nft_do_chain"), steps=(("host", mine), ("host", back))))
    assert end.rule is not None
    assert (end.rule.chain, end.rule.handle) == ("FORWARD", 7)


def test_a_neighbour_that_is_asked_in_vain() -> None:
    """Its table shows that this namespace asked: another one may have a device of the same name."""
    asked = TraceEvent(kind="asked", seconds=1.0, device="eth0", destination="198.51.100.77")
    way = JoinedWay(there=BEGIN, back=(), asked=(asked,))
    entry = Neighbour(link=2, version=4, address="198.51.100.77", state=1)
    assert judge(case(way=way, neighbours={"host": (entry,)})).cause == "no-neighbour"
    assert judge(case(way=way, neighbours={"host": ()})).cause == ""


def test_documents_are_valid_and_safe() -> None:
    """Names of a hostile host neither break the schema nor reach a terminal."""
    rule = TraceRule(
        program="nftables", family="ip", table="f\x1b", chain="c", handle=3, text="drop\x1b[31m", verdict="drop"
    )
    end = judge(case(*BEGIN, drop("IP_RPFILTER", "ip_rcv_finish_core")))
    report = TraceReport(
        doctor="0.1.0",
        host="h\x1b",
        kernel="6",
        started=1.0,
        seconds=0.1,
        origin="aa",
        target="192.0.2.80:80",
        address="192.0.2.80",
        port=80,
        protocol="tcp",
        sent="a TCP SYN of 429 bytes",
        hops=(*BEGIN, hop("host", "d\x1b", "dropped", reason="X", rule=rule), hop("", "eth0", "icmp", reason="3/1")),
        rules=("host: ip filter FORWARD rule 3 drop",),
        end=end,
        model=TraceModel(
            end="dropped",
            cause="rule",
            place="host",
            device="d\x1b",
            is_answer=False,
            table="ip f",
            chain="c",
            handle=3,
            rule="drop\x1b",
            says="s\x1b",
            doubts=("x",),
            agrees=False,
        ),
        methods=("tracefs", "taps", "nftrace"),
        notes=("n",),
    )
    shown = document(report)
    Draft202012Validator(SCHEMA).validate(shown)
    assert "\x1b" not in json.dumps(shown, ensure_ascii=False)
    assert report.exit_code == 1
    text = "\n".join(lines(report, verbose=True))
    assert "dropped (X)" in text
    assert "They disagree" in text
    assert "ICMP error sent: an unreachable route, or a next hop that does not answer (type 3, code 1)" in text
    assert "elsewhere" in text
