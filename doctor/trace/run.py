"""Runs one trace: opens the namespaces, sends and follows the packet, and finds the end of its way."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from doctor.facts.network.links import Links
from doctor.formats.trace.counters import guilty
from doctor.formats.trace.ip_counters import risen
from doctor.formats.trace.packets import TraceFlow
from doctor.host.rtnetlink.lock import is_held
from doctor.host.trace.listed import legacy_hits, nft_rule
from doctor.host.trace.netns import NetPlace, of_process
from doctor.host.trace.outside import client
from doctor.host.trace.places import counters
from doctor.model.errors import DoctorError
from doctor.model.missing import Missing, Why
from doctor.probes._outside import free_networks
from doctor.trace.evidence import TraceCase
from doctor.trace.follow import Following, Recorded
from doctor.trace.join import TraceRecords, join
from doctor.trace.judge import counted_drop, dropped, judge
from doctor.trace.modelled import TraceScene
from doctor.trace.report import OUTSIDE, TraceEnd, TraceHop, TraceResult, TraceRule
from doctor.trace.wish import TraceWish

_REPEATS = 3
_IDLE_S = 0.03
_OF_ANSWERS = frozenset({"IP_OUTNOROUTES"})
_OWN_TABLE = "doctor_"


class Traced:
    """The result of a trace."""

    def __init__(
        self, recorded: Recorded, hops: tuple[TraceHop, ...], end: TraceEnd, notes: tuple[str, ...], scene: TraceScene
    ) -> None:
        self.recorded = recorded
        self.hops = hops
        self.end = end
        self.notes = notes
        self.scene = scene

    @property
    def rules(self) -> tuple[str, ...]:
        """Each rule that the packet met, in one line."""
        return tuple(
            f"{place}: {step.family} {step.table} {step.chain} "
            + (f"handle {step.handle}" if step.kind == "rule" else step.kind)
            + f" {step.verdict}"
            + (f" {step.target}" if step.target else "")
            for place, step in self.recorded.steps
            if not step.table.startswith(_OWN_TABLE) and (step.handle or step.kind == "policy")
        )


@contextmanager
def traced(wish: TraceWish, links: Links | None) -> Iterator[Traced]:
    """Run the trace; what it created is removed when the caller has shown the result. Raises ``DoctorError``."""
    silent = is_held()
    if silent is not None:
        raise DoctorError(silent.reason)
    with ExitStack() as held:
        following = Following()
        held.callback(following.close)
        places, entrance = _places(wish, links, held)
        recorded = following.send(places, wish.origin, wish.protocol, wish.address, wish.port)
        way = join(
            TraceRecords(
                origin=wish.origin,
                flow=recorded.flow,
                events=recorded.events,
                taps=recorded.taps,
                links=recorded.links,
            )
        )
        case = TraceCase(
            origin=wish.origin,
            target=wish.target,
            address=wish.address,
            flow=recorded.flow,
            errno=recorded.errno,
            way=way,
            taps=recorded.taps,
            steps=recorded.steps,
            links=recorded.links,
            neighbours=recorded.neighbours,
            host_addresses=wish.host_addresses,
            is_masqueraded=wish.is_masqueraded,
            is_complete=recorded.is_complete,
            sees_drops="tracefs" in recorded.methods,
        )
        end = _with_counters(judge(case), case, places, following)
        end = _with_rule(end, places, following, recorded)
        hops = tuple(_marked(hop, end) for hop in (*way.there, *way.back))
        # The model reads the rules as they are without the marks.
        following.unmark()
        scene = TraceScene(wish=wish, places=places, flow=recorded.flow, entrance=entrance)
        yield Traced(recorded, hops, end, (*_notes(entrance), *recorded.notes), scene)


def _notes(entrance: str) -> tuple[str, ...]:
    if not entrance:
        return ()
    return (f"the packet arrives on {entrance}, an interface of doctor's own: rules that name an uplink are not met",)


def _places(wish: TraceWish, links: Links | None, held: ExitStack) -> tuple[dict[str, NetPlace], str]:
    """Open the namespaces; return them, and the device of doctor's own that a client outside is behind."""
    found: dict[str, NetPlace] = {}
    for name, pid in wish.places.items():
        try:
            found[name] = of_process(name, pid)
        except OSError as error:
            raise DoctorError(f"can't open the network namespace of {name}: {error.strerror}") from error
        held.callback(found[name].close)
    if not wish.published:
        return found, ""
    networks = () if links is None else free_networks(links, Missing(Why.ABSENT, "not read"))
    if not networks:
        raise DoctorError("no client can be placed outside: the host uses every documentation network")
    try:
        place, device = client(OUTSIDE, str(networks[0][1]), str(networks[0][2]), wish.address)
    except OSError as error:
        raise DoctorError(f"can't place a client outside: {error.strerror}") from error
    held.callback(place.close)
    found[OUTSIDE] = place
    return found, device


def _with_counters(end: TraceEnd, case: TraceCase, places: dict[str, NetPlace], following: Following) -> TraceEnd:
    """Return the end with the reason that counters show, if events show none: older kernels, no tracefs, a full queue."""
    is_open = end.result in {TraceResult.LOST, TraceResult.DROPPED} and end.cause in {"", "unspecified", "no-answer"}
    if not is_open and (end.result is not TraceResult.UNKNOWN or case.sees_drops):
        return end
    names = dict.fromkeys((end.place or "host", *places))
    before = {name: counters(places[name]) for name in names if name in places}
    time.sleep(_IDLE_S)
    idle = {name: counters(places[name]) for name in before}
    following.repeat(case.flow, _REPEATS)
    time.sleep(_IDLE_S)
    for name, old in before.items():
        reason = risen(old, idle[name], counters(places[name]), _REPEATS)
        if reason:
            way = "back" if end.cause == "no-answer" and reason in _OF_ANSWERS else "there"
            return dropped(case, counted_drop(way, name, end.device if name == end.place else "", reason), (), way)
    if end.result is TraceResult.LOST and "host" in places and not case.sees_drops:
        return _by_legacy(end, places["host"], following, case)
    return end


def _by_legacy(end: TraceEnd, host: NetPlace, following: Following, case: TraceCase) -> TraceEnd:
    """Return the end at a rule of iptables-legacy, if counters of the host's rules show one."""
    rule = _legacy(host, following, case.flow)
    if rule is None:
        return end
    says = f"the host drops it by a firewall rule: {rule.says}"
    return replace(end, result=TraceResult.DROPPED, rule=rule, cause="rule", says=says)


def _with_rule(end: TraceEnd, places: dict[str, NetPlace], following: Following, recorded: Recorded) -> TraceEnd:
    """Return the end with the text of its rule."""
    place = places.get(end.place)
    if end.cause != "rule" or place is None or (end.rule is not None and end.rule.text):
        return end
    rule = end.rule
    if rule is None:
        rule = _legacy(place, following, recorded.flow)
    elif rule.handle:
        rule = replace(rule, text=nft_rule(place, rule.family, rule.table, rule.chain, rule.handle))
    return end if rule is None else replace(end, rule=rule, says=f"{end.says}: {rule.says}")


def _legacy(place: NetPlace, following: Following, flow: TraceFlow) -> TraceRule | None:
    before, after = legacy_hits(place, flow.version, lambda: following.repeat(flow, _REPEATS))
    found = guilty(before, after, _REPEATS, flow.length)
    if found is None:
        return None
    table, chain, text = found
    family = "ip" if flow.version == 4 else "ip6"
    return TraceRule(
        program="iptables-legacy", family=family, table=table, chain=chain, handle=0, text=text, verdict="drop"
    )


def _marked(hop: TraceHop, end: TraceEnd) -> TraceHop:
    """Return the hop with the rule, if it is the drop that ends the way."""
    is_it = (hop.event, hop.way, hop.place, hop.reason) == ("dropped", end.way, end.place, end.reason)
    return replace(hop, rule=end.rule) if is_it and end.rule is not None else hop
