"""An address outside that containers need is also an address of the host."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.listeners import Listeners
from doctor.facts.path.namespace import NetAddress, NetLink
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import HostAddressAdded
from doctor.facts.path.own.hidden import hiding_addresses
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute, placed
from doctor.facts.path.own.shown_cut import evidence_of, set_by
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import KERNEL


@check(
    severity=Severity.ERROR,
    detail=HostAddressAdded,
    breaks=("egress", "dns", "port"),
    ok="no gateway and no client of containers has an address of the host itself",
)
def gateway_on_host(
    ends: OpenCuts,
    namespaces: NetNamespaces,
    record: HealthyNetwork | Missing,
    files: HostNetworkFiles | Missing,
    listeners: Listeners | Missing,
) -> Iterator[Finding]:
    """The address of the host's gateway, of a name server or of a client is also an address of the host, which keeps its packets.

    What it looks at:
        The addresses of all interfaces of the host, beside the gateways of its default routes, and beside the addresses at which
        packets of containers end because the host has them, if the last healthy scan did not see them there. A single address of the
        Internet that is new on the loopback is a warning, as no way leads to most addresses outside, unless a program listens on it, a
        file of the host sets it, or arp_ignore shows that a load balancer sends its packets here.

    Why it matters:
        The kernel takes packets to its own addresses for itself, and drops packets that come from them. Addresses for load balancers
        and tests are often added to the loopback and forgotten.

    How it is fixed:
        If the address was not there at the last healthy scan, ``--choose`` asks whether it is deleted; an undo adds it again.
        Otherwise the command is shown.

    References:
        https://man7.org/linux/man-pages/man8/ip-address.8.html
    """
    state = KeptState(namespaces.host, record)
    gateways = {one.route.gateway for one in placed(namespaces.host) if one.is_default and one.route.gateway}
    hidden = _hidden(state, listeners, files)
    for address in namespaces.host.addresses:
        link = namespaces.host.link(address.link)
        cuts = [cut for cut in ends.cuts if _is_about(cut, address.address)]
        is_new = state.kept is not None and not state.has_address(address.address)
        is_hidden = address in hidden and address.address not in gateways and not cuts
        if link is None or not (address.address in gateways or (cuts and is_new) or is_hidden):
            continue
        role = "gateway" if address.address in gateways else "peer"
        before = "no such address" if is_new else "the same address"
        known = () if state.kept is None else (Evidence(state.place, before),)
        source = None if isinstance(files, Missing) else files.source_of_address(link.name, address.text)
        place = "" if source is None else source.place
        yield Finding(
            subject=Subject("address", f"{address.text} dev {link.name}"),
            severity=Severity.WARNING if is_hidden else None,
            message=_message(address, link, "" if is_hidden else role, cuts),
            evidence=(
                Evidence("ip addr", f"{address.text} dev {link.name}"),
                *known,
                *set_by(place),
                *(evidence_of(cuts) if cuts else ()),
            ),
            detail=HostAddressAdded(
                device=link.name,
                address=address,
                taken=namespaces.host.taken_with(address),
                routes=tuple(_preferring(state, address)),
                is_new=is_new,
                source=place,
            ),
        )


def _message(address: NetAddress, link: NetLink, role: str, cuts: list[PathCut]) -> str:
    what = cuts[0].says if cuts else "packets of containers to it stay on the host"
    if not role:
        return f"the new address {address.address}, on {link.name} of the host, is one of the network outside: {what}"
    return f"the {role} {address.address} is also an address of the host, on {link.name}: {what}"


def _hidden(state: KeptState, listeners: Listeners | Missing, files: HostNetworkFiles | Missing) -> set[NetAddress]:
    """Return the new addresses of the Internet on the loopback that nobody is known to want."""
    if isinstance(listeners, Missing):
        return set()
    return {
        one
        for link, one in hiding_addresses(state)
        if not _is_served(listeners, one)
        and (isinstance(files, Missing) or files.source_of_address(link.name, one.text) is None)
    }


def _preferring(state: KeptState, address: NetAddress) -> Iterator[PlacedRoute]:
    """Yield the routes with this sender's address, which go with it if no other interface has it."""
    if sum(one.address == address.address for one in state.now.addresses) == 1:
        for one in placed(state.now):
            if one.route.source == address.address and one.route.protocol != KERNEL and one.route.is_restorable:
                yield one


def _is_served(listeners: Listeners, address: NetAddress) -> bool:
    """Whether a program listens on this address alone: then it is for clients."""
    return any(one.address == address.address for one in listeners.items)


def _is_about(cut: PathCut, address: str) -> bool:
    """Whether packets end on the host because it has an address."""
    if cut.place != HOST:
        return False
    if cut.cause == "source-is-local":
        return re.search(rf"address {re.escape(address)} is", cut.reason) is not None
    if cut.cause in {"no-listener", "local-address"}:
        return any(way.target == address for way in cut.ways)
    return False
