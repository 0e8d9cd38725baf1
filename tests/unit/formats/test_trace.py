"""Events, packets and rules of a trace: as the kernel prints and sends them, and as a hostile host would."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from doctor.formats.netlink.messages import attribute, messages, request
from doctor.formats.trace.counters import guilty
from doctor.formats.trace.events import TraceEvent, events_of, has_field, overrun_of, value_of
from doctor.formats.trace.nft_marks import batch
from doctor.formats.trace.nftrace import RuleStep, rule_text, steps_of
from doctor.formats.trace.packets import TraceFlow, direction, matcher, packet_of, tapped

TEXT = """\
# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
          python-4417    [000] b..2. 52936.816374: net_dev_queue: dev=eth0 skbaddr=000000000cbc7054 len=443
          python-4417    [000] b..2. 52936.816375: net_dev_start_xmit: dev=eth0 queue_mapping=0 skbaddr=000000000cbc7054 vlan_tagged=0 vlan_proto=0x0000 vlan_tci=0x0000 protocol=0x0800 ip_summed=0 len=443 data_len=0 network_offset=14 transport_offset_valid=1 transport_offset=34 tx_flags=0 gso_size=0 gso_segs=0 gso_type=0
     ksoftirqd/0-15      [001] ..s.. 52936.816377: netif_receive_skb: dev=veth99f7c01 skbaddr=000000000cbc7054 len=429
          <idle>-0       [001] ..s2. 52936.816407: kfree_skb: skbaddr=000000000cbc7054 rx_sk=0000000000000000 protocol=2048 location=ip_error+0x12a/0x310 reason: IP_INADDRERRORS
          <idle>-0       [001] ..s2. 52936.816408: kfree_skb: skbaddr=000000000cbc7054 protocol=2048 location=00000000deadbeef reason: NOT_SPECIFIED
          <idle>-0       [001] ..s2. 52936.816409: icmp_send: icmp_send: type=3, code=1. From 172.17.0.2:0 to 203.0.113.9:0 ulen=0 skbaddr=000000000cbc7054
          <idle>-0       [001] ..s2. 52936.816410: neigh_event_send_done: family 2 dev odd lladdr 000000000000 flags 00 nud_state incomplete type 01 dead 0 refcnt 2 primary_key4 203.0.113.9 primary_key6 ::ffff:203.0.113.9 confirmed 0 updated 0 used 0 err 1
          <idle>-0       [001] ..s2. 52936.816411: sched_switch: prev_comm=x
"""


def test_events_of_a_trace_file() -> None:
    """Each kind, with what a trace needs of it; headers and other events are omitted."""
    found = events_of(TEXT)
    assert [event.kind for event in found] == ["queued", "sent", "received", "dropped", "dropped", "icmp", "asked"]
    assert found[1] == TraceEvent(
        kind="sent", seconds=52936.816375, packet="000000000cbc7054", device="eth0", length=443
    )
    assert (found[3].reason, found[3].function) == ("IP_INADDRERRORS", "ip_error")
    assert found[4].function == "", "an address names no function"
    assert (found[5].icmp, found[5].source, found[5].destination) == ((3, 1), "172.17.0.2", "203.0.113.9")
    assert (found[6].device, found[6].destination) == ("odd", "203.0.113.9")


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """Neither as a file nor after the beginning of an event."""
    events_of(text)
    for line in TEXT.splitlines():
        events_of(line[:60] + text)
        events_of(line[: len(line) // 2] + text)


def test_numbers_come_from_the_format() -> None:
    """Drop reasons have other numbers in each kernel."""
    text = 'field:enum skb_drop_reason reason;\tfield:u8 daddr[4];\nprint fmt: "{ 12, "NETFILTER_DROP" }, { 0x68, "QUEUE_PURGE" }'
    assert value_of(text, "QUEUE_PURGE") == 0x68
    assert value_of(text, "OTHER") is None
    assert has_field(text, "reason")
    assert has_field(text, "daddr")
    assert not has_field(text, "len")
    assert overrun_of("entries: 3\noverrun: 17\n") == 17


FLOWS = [
    TraceFlow(version=4, protocol="tcp", source="172.17.0.2", target="192.0.2.80", sport=40001, dport=443, length=423),
    TraceFlow(version=4, protocol="udp", source="172.17.0.2", target="192.0.2.80", sport=40001, dport=53, length=425),
    TraceFlow(version=4, protocol="icmp", source="172.17.0.2", target="192.0.2.80", sport=40001, length=427),
    TraceFlow(version=6, protocol="tcp", source="fd00::2", target="2001:db8::9", sport=40001, dport=443, length=429),
    TraceFlow(version=6, protocol="udp", source="fd00::2", target="2001:db8::9", sport=40001, dport=53, length=431),
    TraceFlow(version=6, protocol="icmp", source="fd00::2", target="2001:db8::9", sport=40001, length=433),
]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: f"{flow.protocol}{flow.version}")
def test_a_packet_is_recognised(flow: TraceFlow) -> None:
    """By the tap's parser, and by the filter that the kernel runs."""
    raw = packet_of(flow)
    seen = tapped(raw)
    assert seen is not None
    assert len(raw) == flow.length
    assert (seen.source, seen.target, seen.sport) == (flow.source, flow.target, flow.sport)
    assert direction(seen, flow) == "there"
    assert accepts(flow, raw)
    other = replace(flow, sport=1234, length=flow.length + 40)
    assert direction(tapped(packet_of(other)) or seen, flow) == ""
    assert accepts(flow, packet_of(other)) == (flow.protocol == "icmp")


@pytest.mark.parametrize("flow", FLOWS[:2] + FLOWS[3:5], ids=lambda flow: f"{flow.protocol}{flow.version}")
def test_answers_and_errors_are_recognised(flow: TraceFlow) -> None:
    """An answer by its port; an ICMP error by the packet that it quotes."""
    answer = replace(flow, source=flow.target, target=flow.source, sport=flow.dport, dport=flow.sport, length=60)
    raw = packet_of(answer)
    seen = tapped(raw)
    assert seen is not None
    assert direction(seen, flow) == "back"
    assert accepts(flow, raw)
    error = packet_of(
        TraceFlow(
            version=flow.version,
            protocol="icmp",
            source="192.0.2.1" if flow.version == 4 else "::1",
            target=flow.source,
            sport=0,
        )
    )
    head = 20 if flow.version == 4 else 40
    quoting = error[:head] + bytes([3 if flow.version == 4 else 1, 1]) + bytes(6) + packet_of(flow)[:68]
    seen = tapped(quoting)
    assert seen is not None
    assert direction(seen, flow) == "error"
    assert (seen.kind, seen.code) == (3 if flow.version == 4 else 1, 1)


@given(st.binary(max_size=120))
def test_no_bytes_raise(raw: bytes) -> None:
    """On a wire is whatever somebody sends."""
    for start in (b"", b"\x45", b"\x4f", b"\x60"):
        tapped(start + raw)
    steps_of(raw)
    for flow in FLOWS:
        accepts(flow, raw)


def accepts(flow: TraceFlow, raw: bytes) -> bool:
    """Run the filter as the kernel does: a load beyond the end ends it with "no"."""
    program = matcher(flow)
    at = value = index = 0
    while True:
        code, yes, no, number = program[at]
        at += 1
        if code == 0x06:
            return bool(number)
        if code == 0x15:
            at += yes if value == number else no
        elif code == 0x54:
            value &= number
        else:
            place, size = (number + index, 2) if code == 0x48 else (number, 2 if code == 0x28 else 1)
            if place + size > len(raw):
                return False
            if code == 0xB1:
                index = (raw[place] & 15) * 4
            else:
                value = int.from_bytes(raw[place : place + size], "big")


def test_checksums_are_right() -> None:
    """The kernel of the receiver drops a packet without; they sum up to zero."""
    for flow in FLOWS:
        raw = packet_of(flow)
        head = 20 if flow.version == 4 else 40
        body = raw[head:]
        number = raw[9] if flow.version == 4 else raw[6]
        ends = raw[12:20] if flow.version == 4 else raw[8:40]
        pseudo = b"" if number == 1 else ends + struct.pack(">HH", number, len(body))
        whole = pseudo + body + b"\0" * (len(pseudo + body) % 2)
        total = sum(struct.unpack(f">{len(whole) // 2}H", whole))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        assert total == 0xFFFF, flow


def rule_message(**values: bytes) -> bytes:
    """Return a message of NFTRACE, family inet."""
    numbers = {"table": 1, "chain": 2, "handle": 3, "kind": 4, "verdict": 5, "id": 6, "policy": 16, "protocol": 15}
    body = bytes([1, 0, 0, 0]) + b"".join(attribute(numbers[name], value) for name, value in values.items())
    return request(10 << 8 | 17, body)


def test_rules_that_a_packet_met() -> None:
    """Table, chain and handle; the family is the table's, not the packet's."""
    jump = attribute(1, struct.pack(">i", -3)) + attribute(2, b"DOCKER\0")
    raw = rule_message(
        id=b"\0\0\0\7",
        kind=b"\0\0\0\3",
        table=b"filter\0",
        chain=b"FORWARD\0",
        handle=struct.pack(">Q", 27),
        verdict=jump,
        protocol=b"\0\0\0\2",
    ) + rule_message(id=b"\0\0\0\7", kind=b"\0\0\0\1", table=b"filter\0", chain=b"FORWARD\0", policy=bytes(4))
    assert steps_of(raw + bytes(7)) == (
        RuleStep(
            packet=7,
            family="inet",
            table="filter",
            chain="FORWARD",
            kind="rule",
            handle=27,
            verdict="jump",
            target="DOCKER",
        ),
        RuleStep(packet=7, family="inet", table="filter", chain="FORWARD", kind="policy", handle=0, verdict="drop"),
    )


def test_a_rule_is_found_by_its_handle() -> None:
    """A chain has a handle too, and a comment may look like one."""
    listing = """table ip filter { # handle 1
\tchain DOCKER-USER { # handle 5
\t\tip daddr 203.0.113.9 comment "x # handle 9" counter drop # handle 28
\t\tcounter return # handle 5
\t}
}"""
    assert rule_text(listing, 28) == 'ip daddr 203.0.113.9 comment "x # handle 9" counter drop'
    assert rule_text(listing, 5) == "counter return"
    assert rule_text(listing, 9) == ""


def test_a_batch_of_marks_is_whole() -> None:
    """Begin, table, a chain and its rules for each hook, end; devices are named for netdev alone."""
    kinds = [message.kind for message in messages(batch(FLOWS[0], "t", "inet"))]
    assert kinds == [0x10, 0xA00, 0xA03, 0xA06, 0xA06, 0xA03, 0xA06, 0xA06, 0x11]
    assert [message.kind for message in messages(batch(FLOWS[2], "t", "bridge"))] == [0x10, 0xA00, 0xA03, 0xA06, 0x11]
    assert b"eth7\0" in batch(FLOWS[0], "t", "netdev", ("eth7",))


SAVE = """*filter
:FORWARD DROP [{policy}]
:DOCKER-USER - [0:0]
[{jump}] -A FORWARD -j DOCKER-USER
[{drop}] -A DOCKER-USER -d 203.0.113.9/32 -j DROP
[{other}] -A DOCKER-USER -d 203.0.113.10/32 -j DROP
COMMIT
"""


def test_the_guilty_rule_of_iptables_legacy() -> None:
    """Packets and bytes rose by exactly those of the trace; jumps and other traffic don't count."""
    before = SAVE.format(policy="5:300", jump="9:900", drop="1:40", other="0:0")
    after = SAVE.format(policy="6:360", jump="12:2161", drop="4:1501", other="1:80")
    assert guilty(before, after, 3, 487) == ("filter", "DOCKER-USER", "-A DOCKER-USER -d 203.0.113.9/32 -j DROP")
    by_policy = SAVE.format(policy="8:1761", jump="12:2161", drop="1:40", other="0:0")
    assert guilty(before, by_policy, 3, 487) == ("filter", "FORWARD", "")
    assert guilty(before, before, 3, 487) is None
