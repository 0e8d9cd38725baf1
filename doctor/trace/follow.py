"""Sends the packet of a trace and records what happens to it."""

import errno
import secrets
import time
from contextlib import ExitStack, suppress

from msgspec import Struct
from msgspec.structs import replace

from doctor.formats.netlink.links import NetLink
from doctor.formats.netlink.routes import Neighbour
from doctor.formats.trace.events import TraceEvent, events_of, has_field, overrun_of, value_of
from doctor.formats.trace.nftrace import RuleStep
from doctor.formats.trace.packets import TraceFlow, packet_of
from doctor.host.readable import readable
from doctor.host.trace import places
from doctor.host.trace.janitor import TraceJanitor
from doctor.host.trace.marks import Marks
from doctor.host.trace.netns import NetPlace
from doctor.host.trace.taps import Tap, TapRecord
from doctor.host.trace.tracefs import Tracefs, TraceInstance
from doctor.trace.join import lengths

_DEVICE_EVENTS = ("net/net_dev_queue", "net/net_dev_start_xmit", "net/netif_rx", "net/netif_receive_skb")
_DROPS, _ERRORS, _NEIGHBOURS = "skb/kfree_skb", "icmp/icmp_send", "neigh/neigh_event_send_done"
_IPV4, _IPV6 = 0x0800, 0x86DD
_SLICE_S = 0.01
_SETTLE_S = 0.02
_WAIT_S, _FAR_S, _UDP_S, _ARP_S = 0.15, 1.0, 0.3, 3.4
_MOST_ENTRANCES = 16
_SHORTEST, _SPREAD = 421, 70
"""Lengths are odd and at most 561: above 576, the kernel fragments packets of a path with a learnt MTU."""


class Recorded(Struct, frozen=True, kw_only=True):
    """The records of one packet.

    Attributes:
        flow: what was sent; its source is "" if the kernel had none.
        errno: of the sender, 0 for none.
        steps: what rules of nftables did, by place.
        methods, notes: of the report.
        is_complete: whether no event was overwritten before it was read.
    """

    flow: TraceFlow
    errno: int = 0
    events: tuple[TraceEvent, ...] = ()
    taps: tuple[TapRecord, ...] = ()
    links: dict[str, tuple[NetLink, ...]]
    neighbours: dict[str, tuple[Neighbour, ...]] = {}
    steps: tuple[tuple[str, RuleStep], ...] = ()
    methods: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_complete: bool = True


class Following:
    """One trace. ``close`` removes everything that it created, and comes after the answer: it takes 50 ms."""

    def __init__(self) -> None:
        """Open tracefs, and remove what a killed trace left in it."""
        self._held = ExitStack()
        self._methods: list[str] = []
        self._notes: list[str] = []
        self._tracefs = self._opened()
        self._places: dict[str, NetPlace] = {}
        self._origin = ""
        self._lost = 0
        self._marking: list[Marks] = []

    def _opened(self) -> Tracefs | None:
        try:
            tracefs = Tracefs()
            self._held.callback(tracefs.close)
            tracefs.sweep()
            self._held.callback(TraceJanitor(tracefs).dismiss)
        except OSError as error:
            self._notes.append(f"tracefs: {error.strerror}: the kernel's reasons for drops are unknown")
            return None
        return tracefs

    def close(self) -> None:
        """Remove the instance, the tables and the taps."""
        self._held.close()

    def unmark(self) -> None:
        """Remove the tables that mark the packet."""
        for mark in self._marking:
            mark.close()

    def repeat(self, flow: TraceFlow, times: int) -> None:
        """Send the packet again, for counters."""
        for _ in range(times):
            with suppress(OSError):
                places.send(self._places[self._origin], flow.version, flow.target, packet_of(flow))

    def send(self, traced: dict[str, NetPlace], origin: str, protocol: str, target: str, port: int) -> Recorded:
        """Send the packet and record until an answer, or until nothing more is expected.

        ``traced`` are the namespaces to look at, with ``origin`` among them.
        """
        self._places, self._origin = traced, origin
        links = {name: _devices(place) for name, place in self._places.items()}
        version = 6 if ":" in target else 4
        flow = TraceFlow(
            version=version, protocol=protocol, source="", target=target, sport=_port(), dport=port, length=_length()
        )
        sender = self._places[origin]
        try:
            flow = replace(flow, source=places.source_for(sender, version, target, port))
        except OSError as error:
            return Recorded(flow=flow, errno=error.errno or errno.EIO, links=links, notes=tuple(self._notes))
        instance = self._instance(flow)
        taps = [tap for place in self._places.values() if (tap := self._tap(place, flow)) is not None]
        marks = [one for place in self._places.values() if (one := self._marks(place, flow, links)) is not None]
        code = 0
        try:
            places.send(sender, version, target, packet_of(flow))
        except OSError as error:
            code = error.errno or errno.EIO
        self._await(flow, taps, links, is_sent=not code)
        events = () if instance is None else self._read(instance)
        for tap in taps:
            tap.read()
        for mark in marks:
            mark.read()
        neighbours = {name: _neighbours(self._places[name]) for name in dict.fromkeys((origin, "host"))}
        steps = tuple((one.place, step) for one in marks for step in one.steps)
        seen = tuple(record for tap in taps for record in tap.records)
        return Recorded(
            flow=flow,
            errno=code,
            events=events,
            taps=seen,
            links=links,
            neighbours=neighbours,
            steps=steps,
            methods=tuple(self._methods),
            notes=tuple(self._notes),
            is_complete=not self._lost,
        )

    def _instance(self, flow: TraceFlow) -> TraceInstance | None:
        if self._tracefs is None:
            return None
        try:
            instance = TraceInstance(self._tracefs)
            self._held.callback(instance.remove)
            instance.begin(filters_for(instance, flow))
        except OSError as error:
            self._notes.append(f"tracefs: {error.strerror}: the kernel's reasons for drops are unknown")
            return None
        self._methods.append("tracefs")
        return instance

    def _read(self, instance: TraceInstance) -> tuple[TraceEvent, ...]:
        try:
            text = instance.end()
            self._lost = sum(overrun_of(stats) for stats in instance.stats())
        except OSError as error:
            self._notes.append(f"tracefs: {error.strerror}")
            return ()
        if self._lost:
            self._notes.append(
                f"tracefs: {self._lost} events were overwritten before they were read: hops may be missing"
            )
        return events_of(text)

    def _tap(self, place: NetPlace, flow: TraceFlow) -> Tap | None:
        try:
            tap = Tap(place, flow)
        except OSError as error:
            self._notes.append(f"no tap in {place.name}: {error.strerror}")
            return None
        self._held.callback(tap.close)
        if "taps" not in self._methods:
            self._methods.append("taps")
        return tap

    def _marks(self, place: NetPlace, flow: TraceFlow, links: dict[str, tuple[NetLink, ...]]) -> Marks | None:
        try:
            marks = Marks(place, flow, _entrances(place.name, links))
        except OSError as error:
            self._notes.append(f"nftables does not report its rules in {place.name}: {error.strerror}")
            return None
        self._held.callback(marks.close)
        self._marking.append(marks)
        if "nftrace" not in self._methods:
            self._methods.append("nftrace")
        return marks

    def _await(self, flow: TraceFlow, taps: list[Tap], links: dict[str, tuple[NetLink, ...]], *, is_sent: bool) -> None:
        """Wait for an answer: shortly for a packet that is still on this host, longer for one that left it."""
        begin = time.monotonic()
        end = begin + (_WAIT_S if is_sent else _SETTLE_S)
        far = _UDP_S if flow.protocol == "udp" else _FAR_S
        is_again = False
        while (now := time.monotonic()) < end:
            _wait(taps, min(_SLICE_S, end - now))
            records = [record for tap in taps for record in tap.records]
            if any(one.place == self._origin and not one.is_sent and one.way in {"back", "error"} for one in records):
                time.sleep(_SETTLE_S)
                break
            if is_sent and _has_left(records, links):
                end = begin + far
                if flow.protocol == "tcp" and not is_again and now > begin + far / 2:
                    # A firewall far away may drop a SYN with data.
                    is_again = True
                    with suppress(OSError):
                        plain = packet_of(replace(flow, length=0))
                        places.send(self._places[self._origin], flow.version, flow.target, plain)


def _wait(taps: list[Tap], seconds: float) -> None:
    if not taps:
        time.sleep(seconds)
        return
    share = seconds / len(taps)
    for tap in taps:
        readable(tap.fileno(), share)
        tap.read()


def _has_left(records: list[TapRecord], links: dict[str, tuple[NetLink, ...]]) -> bool:
    """Whether the packet left by a device that leads to no bridge or pair of this host."""
    outer = {link.name for link in links.get("host", ()) if link.kind not in {"bridge", "veth"} and link.index > 1}
    return any(one.place == "host" and one.is_sent and one.way == "there" and one.device in outer for one in records)


def _entrances(name: str, links: dict[str, tuple[NetLink, ...]]) -> tuple[str, ...]:
    """Return the devices of the host where rules of a netdev table may meet the packet before any other: its uplinks and
    bridges, and the other ends of the traced containers' pairs.
    """
    if name != "host":
        return ()
    ends = {(link.peer_index, link.index) for place, own in links.items() if place != "host" for link in own}
    found = (
        link.name
        for link in links.get("host", ())
        if not link.is_loopback and (link.kind != "veth" or not link.master or (link.index, link.peer_index) in ends)
    )
    return tuple(found)[:_MOST_ENTRANCES]


def filters_for(instance: TraceInstance, flow: TraceFlow) -> dict[str, str]:
    """Return the events that this kernel has, each with a filter that it understands."""
    formats = instance.formats((*_DEVICE_EVENTS, _DROPS, _ERRORS, _NEIGHBOURS))
    by_length = " || ".join(f"len == {length}" for length in lengths(flow))
    found = {event: by_length for event in _DEVICE_EVENTS if has_field(formats.get(event, ""), "len")}
    if _DROPS in formats:
        found[_DROPS] = f"protocol == {_IPV4 if flow.version == 4 else _IPV6}"
        purge = value_of(formats[_DROPS], "QUEUE_PURGE")
        if purge is not None and has_field(formats[_DROPS], "reason"):
            found[_DROPS] += f" && reason != {purge}"
    if _ERRORS in formats:
        found[_ERRORS] = ""
    if _NEIGHBOURS in formats:
        found[_NEIGHBOURS] = "nud_state == 1" if has_field(formats[_NEIGHBOURS], "nud_state") else ""
    return found


def _port() -> int:
    """Return a source port above those that programs listen on."""
    return 33000 + secrets.randbelow(27000)


def _length() -> int:
    return _SHORTEST + 2 * secrets.randbelow(_SPREAD)


def _devices(place: NetPlace) -> tuple[NetLink, ...]:
    try:
        return places.devices(place)
    except OSError:
        return ()


def _neighbours(place: NetPlace) -> tuple[Neighbour, ...]:
    try:
        return places.neighbours(place)
    except OSError:
        return ()
