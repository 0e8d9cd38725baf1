"""A way is joined from events, taps and devices: places of equal names are kept apart, other packets left out."""

from doctor.formats.netlink.links import NetLink
from doctor.formats.trace.events import TraceEvent
from doctor.formats.trace.packets import TappedPacket, TraceFlow
from doctor.host.trace.taps import TapRecord
from doctor.trace.join import TraceRecords, join
from doctor.trace.report import TraceHop

FLOW = TraceFlow(
    version=4, protocol="tcp", source="172.17.0.2", target="198.51.100.2", sport=40225, dport=80, length=429
)
LINKS = {
    "host": (
        NetLink(index=1, name="lo"),
        # The uplink of a box is half of a pair whose numbers are those of a container's.
        NetLink(index=2, name="eth0", kind="veth", peer_index=2, peer_namespace=0),
        NetLink(index=3, name="docker0", kind="bridge"),
        NetLink(index=5, name="vethaa", kind="veth", master=3, peer_index=4, peer_namespace=1),
    ),
    "aa": (NetLink(index=1, name="lo"), NetLink(index=4, name="eth0", kind="veth", peer_index=5, peer_namespace=0)),
}


def tap(place: str, device: str, *, is_sent: bool, way: str = "there", source: str = "172.17.0.2") -> TapRecord:
    there = TappedPacket(
        version=4, protocol=6, source=source, target="198.51.100.2", length=429, sport=40225, dport=80, flags=2
    )
    back = TappedPacket(
        version=4, protocol=6, source="198.51.100.2", target=source, length=44, sport=80, dport=40225, flags=18
    )
    return TapRecord(
        place=place, device=device, index=0, is_sent=is_sent, way=way, packet=there if way == "there" else back
    )


def events(*steps: str, start: float = 10.0, packet: str = "a", length: int = 429) -> list[TraceEvent]:
    """``tx:eth0`` is queued and sent, ``q:eth0`` queued alone, ``rx:eth0`` received, ``drop:REASON@function`` dropped."""
    found = []
    for number, step in enumerate(steps):
        word, _, name = step.partition(":")
        at = start + number / 100_000
        if word == "drop":
            reason, _, function = name.partition("@")
            found.append(TraceEvent(kind="dropped", seconds=at, packet=packet, reason=reason, function=function))
            continue
        kinds = {"tx": ("queued", "sent"), "q": ("queued",), "rx": ("received", "received")}[word]
        size = length + (0 if word == "rx" else 14)
        found += [TraceEvent(kind=kind, seconds=at, packet=packet, device=name, length=size) for kind in kinds]
    return found


def short(hops: tuple[TraceHop, ...]) -> list[str]:
    return [f"{hop.place or '?'} {hop.device} {hop.event}" for hop in hops]


THERE = [
    tap("host", "vethaa", is_sent=False),
    tap("host", "docker0", is_sent=False),
    tap("host", "eth0", is_sent=True, source="198.51.100.1"),
    tap("aa", "eth0", is_sent=True),
]
BACK = [
    tap("host", "eth0", is_sent=False, way="back", source="198.51.100.1"),
    tap("host", "docker0", is_sent=True, way="back"),
    tap("host", "vethaa", is_sent=True, way="back"),
    tap("aa", "eth0", is_sent=False, way="back"),
]


def test_devices_of_one_name_are_kept_apart() -> None:
    """eth0 is a container's device, the host's uplink, and a device of another namespace beyond."""
    seen = events("tx:eth0", "rx:vethaa", "rx:docker0", "tx:eth0", "rx:eth0")
    answer = events(
        "tx:eth0",
        "rx:eth0",
        "tx:docker0",
        "tx:vethaa",
        "rx:eth0",
        "drop:NO_SOCKET@tcp_v4_rcv",
        start=10.0001,
        packet="b",
        length=44,
    )
    way = join(TraceRecords(origin="aa", flow=FLOW, events=(*seen, *answer), taps=(*THERE, *BACK), links=LINKS))
    assert short(way.there) == [
        "aa eth0 sent",
        "host vethaa received",
        "host docker0 received",
        "host eth0 sent",
        "? eth0 received",
    ]
    assert short(way.back) == [
        "? eth0 sent",
        "host eth0 received",
        "host docker0 sent",
        "host vethaa sent",
        "aa eth0 received",
    ]
    assert [hop.source for hop in way.there[2:4]] == ["172.17.0.2:40225", "198.51.100.1:40225"]
    assert way.there[3].milliseconds == 0.03


def test_a_drop_belongs_to_the_packet_that_was_just_seen() -> None:
    """The address in memory is reused: a drop much later, or after another packet had it, is not ours."""
    base = events("tx:eth0", "rx:vethaa", "rx:docker0")
    taps = (THERE[0], THERE[1], THERE[3])
    mine = events("drop:IP_RPFILTER@ip_rcv_finish_core", start=10.00004)
    late = events("drop:IP_RPFILTER@ip_rcv_finish_core", start=11.0)
    reused = [*events("rx:docker0", start=10.001, length=1000), *mine]
    neighbour = events("drop:NEIGH_FAILED@neigh_invalidate", start=13.0)
    for after, expected in ((mine, True), (late, False), (reused, False), (neighbour, True)):
        found = join(TraceRecords(origin="aa", flow=FLOW, events=(*base, *after), taps=taps, links=LINKS))
        assert (found.there[-1].event == "dropped") == expected
        assert found.there[-1].device == "docker0"


def test_answers_of_others_are_left_out() -> None:
    """Another host's answer has the same length and passes a bridge of the same name, in the middle of ours."""
    other = events("tx:docker0", "tx:vaa", "rx:eth0", start=10.00009, packet="x", length=44)
    answer = events("tx:docker0", "tx:vethaa", "rx:eth0", start=10.0001, packet="b", length=44)
    seen = (*events("tx:eth0", "rx:vethaa", "rx:docker0"), *other, *answer)
    taps = (THERE[0], THERE[1], THERE[3], BACK[1], BACK[2], BACK[3])
    way = join(TraceRecords(origin="aa", flow=FLOW, events=seen, taps=taps, links=LINKS))
    assert short(way.back) == ["host docker0 sent", "host vethaa sent", "aa eth0 received"]


def test_a_queue_that_drops_is_seen() -> None:
    """The packet is given to the device, and its driver never gets it."""
    seen = events("tx:eth0", "rx:vethaa", "rx:docker0", "q:eth0", "drop:QDISC_DROP@__dev_queue_xmit")
    way = join(
        TraceRecords(origin="aa", flow=FLOW, events=tuple(seen), taps=(THERE[0], THERE[1], THERE[3]), links=LINKS)
    )
    assert short(way.there)[-2:] == ["host eth0 queued", "host eth0 dropped"]


def test_without_tracefs_taps_show_the_way() -> None:
    """In the order of places; without times and reasons."""
    way = join(TraceRecords(origin="aa", flow=FLOW, events=(), taps=(*THERE, *BACK), links=LINKS))
    assert short(way.there) == ["aa eth0 sent", "host vethaa received", "host docker0 received", "host eth0 sent"]
    assert short(way.back) == ["host eth0 received", "host docker0 sent", "host vethaa sent", "aa eth0 received"]
    assert {hop.milliseconds for hop in way.there} == {None}
