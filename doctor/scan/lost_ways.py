"""Names the hop where the packets of a failed probe end: by the model of paths, else by a trace of one packet."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from doctor.facts.containers.containers import Containers
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.facts.path.paths import NEW, PathCut, Paths
from doctor.model.errors import DoctorError
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.probe_result import HOPS, LostWay, ProbeResult
from doctor.scan.resolve import Facts

if TYPE_CHECKING:
    from doctor.trace.run import Traced
    from doctor.trace.wish import TraceWish

_MOST = 3
_ARROW = " → "
_NO_END = frozenset({"delivered", "left", "unknown"})
"""Results of traces that name no hop of this host."""


def explained(failed: ProbeResult, facts: Facts) -> ProbeResult:
    """Return the failed probe with the hops where its packets end.

    The model says that without sending anything. Where it does not know, or sees no such hop, one packet of a running container
    is traced.
    """
    cuts = dict.fromkeys(cut for way in failed.lost[:_MOST] if (cut := _cut(way, facts)) is not None)
    if cuts:
        says = tuple(cut.says for cut in cuts)
        shown = tuple(entry for cut in cuts for entry in cut.evidence if entry.source == HOPS)
        message = "; ".join((failed.message, *says))
        return replace(failed, message=message, evidence=(*failed.evidence, *shown), cuts=says)
    for way in failed.lost:
        traced = _traced(way, facts)
        if traced is not None:
            text, shown = traced
            message = "; ".join(filter(None, (failed.message, text)))
            return replace(failed, message=message, evidence=(*failed.evidence, *shown))
    return failed


def _cut(lost: LostWay, facts: Facts) -> PathCut | None:
    paths: Paths | Missing = facts.get(Paths)
    networks: Networks | Missing = facts.get(Networks)
    if isinstance(paths, Missing) or isinstance(networks, Missing):
        return None
    members = _members(lost, networks)
    for kind in lost.kinds:
        for cut in paths.cuts:
            if any(one.kind == kind and not members.isdisjoint((one.start, one.end)) for one in cut.ways):
                return cut
    return None


def _members(lost: LostWay, networks: Networks) -> frozenset[str]:
    """Return the names of places whose ways may be the lost one: the container, or all on the network and a new one."""
    if lost.container:
        return frozenset((lost.container,))
    bridges = {f"{NEW} on {network.bridge}" for network in networks.bridges if network.name == lost.network}
    return frozenset((*_containers(lost, networks), *bridges))


def _containers(lost: LostWay, networks: Networks) -> Iterator[str]:
    """Yield the running containers whose packets take the way."""
    if lost.container:
        yield lost.container
        return
    for endpoint in networks.running:
        network = networks.get(endpoint.network_id)
        if network is not None and network.name == lost.network:
            yield endpoint.container


def _traced(lost: LostWay, facts: Facts) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return the end of one packet's way in words, "" if it arrived, and its hops; ``None`` if none can be sent."""
    networks, containers, links = facts.get(Networks), facts.get(Containers), facts.get(Links)
    if isinstance(networks, Missing) or isinstance(containers, Missing) or isinstance(links, Missing):
        return None
    from doctor.trace.run import traced  # noqa: PLC0415 - only after a failure that nothing else explains
    from doctor.trace.wish import wish_of  # noqa: PLC0415

    for name, target in _wishes(lost, networks):
        try:
            wish = wish_of(name, target, containers, networks, links)
            with traced(wish, links) as found:
                return _shown(found, wish)
        except (DoctorError, OSError):
            continue
    return None


def _shown(found: "Traced", wish: "TraceWish") -> tuple[str, tuple[Evidence, ...]]:
    steps = dict.fromkeys(f"{hop.place or 'elsewhere'} {hop.device}" for hop in found.hops if hop.device)
    title = f"trace of a packet from {wish.origin} to {wish.shown}"
    hops = Evidence(title, _ARROW.join(steps) or wish.origin)
    if found.end.result.value in _NO_END:
        return "", (hops, Evidence(f"end of the trace: {found.end.result.value}", found.end.says))
    return f"{title}: {found.end.says}", (hops,)


def _wishes(lost: LostWay, networks: Networks) -> Iterator[tuple[str, str]]:
    """Yield origin and target of traces that show the way: of the first container that it concerns."""
    if "published" in lost.kinds:
        for endpoint in networks.running:
            if endpoint.container in set(_containers(lost, networks)):
                for port in endpoint.ports:
                    if port.host_port and (not lost.container or port.host_port == lost.port):
                        yield endpoint.container, f"outside:{port.host_port}/{port.protocol}"
                        return
        return
    target = f"[{lost.target}]" if ":" in lost.target else lost.target
    if lost.port:
        target += f":{lost.port}/{lost.protocol}"
    if "loopback" in lost.kinds:
        yield "host", target
        return
    for name in _containers(lost, networks):
        yield name, target
        return
