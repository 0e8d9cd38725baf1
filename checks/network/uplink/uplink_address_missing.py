"""The host's uplink has lost its address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.namespace import NetAddress, NetLink
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import UplinkLost
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.uplinks import lost_uplinks, routes_over


@check(
    severity=Severity.ERROR,
    detail=UplinkLost,
    breaks=("egress", "image", "port"),
    ends=("address-missing",),
    ends_anywhere=("no-default-route",),
    ok="no interface that led to the outside at the last healthy scan lost its address",
)
def uplink_address_missing(
    namespaces: NetNamespaces, record: HealthyNetwork | Missing, files: HostNetworkFiles | Missing
) -> Iterator[Finding]:
    """The interface that led to the outside has no address any more, so the host and its containers reach nothing outside.

    What it looks at:
        The interfaces of the default routes that the last healthy scan saw, if these routes are gone, no other default route
        replaces them, and the interface is up without any address of that family.

    Why it matters:
        The kernel removes the routes of an address with it. Containers' packets can't be translated to an address that is not
        there.

    How it is fixed:
        A fixed address is added as it was, with its routes. That connects the host to its network, so it needs
        ``--allow disruptive``. An address of a lease may belong to another host now: the command that renews it is shown.

    References:
        https://man7.org/linux/man-pages/man8/ip-address.8.html
    """
    state = KeptState(namespaces.host, record)
    lost = state.lost_addresses()
    for link in lost_uplinks(state):
        mine = [one for one, name in lost if name == link.name and one.scope == "global"]
        mine = [one for one in mine if not _has_any(namespaces, link, one.version)]
        if not mine or not link.is_up:
            continue
        fixed = tuple(one for one in mine if not one.is_leased)
        expected = None if isinstance(files, Missing) else files.expected(link.name, link.mac)
        yield Finding(
            subject=Subject("interface", link.name),
            message=f"the uplink {link.name} lost its address {mine[0].text}: packets of containers to the outside end there",
            evidence=(
                Evidence("ip addr", f"{link.name}: no address"),
                *(Evidence(state.place, _words(one)) for one in mine[:4]),
            ),
            detail=UplinkLost(
                device=link.name,
                addresses=fixed,
                is_leased=not fixed,
                command="" if expected is None else expected.command,
                routes=routes_over(state, link.name) if fixed else (),
            ),
        )


def _has_any(namespaces: NetNamespaces, link: NetLink, version: int) -> bool:
    return any(one.scope != "link" for one in namespaces.host.addresses_of(link.index, version))


def _words(one: NetAddress) -> str:
    return f"{one.text}{' (leased)' if one.is_leased else ''}"
