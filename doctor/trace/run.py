"""Runs one trace: opens the namespaces, sends and follows the packet, and finds the end of its way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from doctor.facts.network.links import Links
from doctor.formats.trace.counters import guilty
from doctor.host.trace.listed import legacy_hits, nft_rule
from doctor.host.trace.netns import NetPlace, of_process
from doctor.host.trace.outside import client
from doctor.model.errors import DoctorError
from doctor.model.missing import Missing, Why
from doctor.probes._outside import free_networks
from doctor.trace.evidence import TraceCase
from doctor.trace.follow import Following, Recorded
from doctor.trace.join import TraceRecords, join
from doctor.trace.judge import judge
from doctor.trace.report import TraceEnd, TraceHop, TraceRule
from doctor.trace.wish import OUTSIDE, TraceWish

_REPEATS = 3
_OWN_TABLE = "doctor_"


class Traced:
    """The result of a trace."""

    def __init__(self, recorded: Recorded, hops: tuple[TraceHop, ...], end: TraceEnd, notes: tuple[str, ...]) -> None:
        self.recorded = recorded
        self.hops = hops
        self.end = end
        self.notes = notes

    @property
    def rules(self) -> tuple[str, ...]:
        """Each rule that the packet met, in one line."""
        return tuple(
            f"{place}: {step.family} {step.table} {step.chain} "
            + (f"rule {step.handle}" if step.kind == "rule" else step.kind)
            + f" {step.verdict}"
            + (f" {step.target}" if step.target else "")
            for place, step in self.recorded.steps
            if not step.table.startswith(_OWN_TABLE) and (step.handle or step.kind == "policy")
        )


@contextmanager
def traced(wish: TraceWish, links: Links | None) -> Iterator[Traced]:
    """Run the trace; what it created is removed when the caller has shown the result. Raises ``DoctorError``."""
    with ExitStack() as held:
        following = Following()
        held.callback(following.close)
        places, notes = _places(wish, links, held)
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
        end = judge(
            TraceCase(
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
            )
        )
        end = _with_rule(end, places, following, recorded)
        hops = tuple(_marked(hop, end) for hop in (*way.there, *way.back))
        yield Traced(recorded, hops, end, (*notes, *recorded.notes))


def _places(wish: TraceWish, links: Links | None, held: ExitStack) -> tuple[dict[str, NetPlace], tuple[str, ...]]:
    found: dict[str, NetPlace] = {}
    for name, pid in wish.places.items():
        try:
            found[name] = of_process(name, pid)
        except OSError as error:
            raise DoctorError(f"can't open the network namespace of {name}: {error.strerror}") from error
        held.callback(found[name].close)
    if not wish.published:
        return found, ()
    networks = () if links is None else free_networks(links, Missing(Why.ABSENT, "not read"))
    if not networks:
        raise DoctorError("no client can be placed outside: the host uses every documentation network")
    try:
        place, device = client(OUTSIDE, str(networks[0][1]), str(networks[0][2]), wish.address)
    except OSError as error:
        raise DoctorError(f"can't place a client outside: {error.strerror}") from error
    held.callback(place.close)
    found[OUTSIDE] = place
    return found, (
        f"the packet arrives on {device}, an interface of doctor's own: rules that name an uplink are not met",
    )


def _with_rule(end: TraceEnd, places: dict[str, NetPlace], following: Following, recorded: Recorded) -> TraceEnd:
    """Return the end with the text of its rule."""
    place = places.get(end.place)
    if end.cause != "rule" or place is None:
        return end
    rule = end.rule
    if rule is None:
        rule = _legacy(place, following, recorded)
    elif rule.handle:
        rule = replace(rule, text=nft_rule(place, rule.family, rule.table, rule.chain, rule.handle))
    return end if rule is None else replace(end, rule=rule, says=f"{end.says}: {rule.says}")


def _legacy(place: NetPlace, following: Following, recorded: Recorded) -> TraceRule | None:
    flow = recorded.flow
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
