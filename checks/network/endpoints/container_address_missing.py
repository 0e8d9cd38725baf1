"""A running container lacks the address that the engine gave it."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import AddressGone, InterfaceBase
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetAddress, NetLink
from doctor.formats.netlink.routes import KERNEL, NetRoute


@check(
    severity=Severity.ERROR,
    detail=AddressGone,
    breaks=("egress", "port"),
    ends=(
        "neighbour",
        "wrong-mac",
        "no-route",
        "no-default-route",
        "address-missing",
        "answer-address",
        "wrong-way",
        "local-address",
        "source-is-local",
        "no-listener",
        "forwarding-off",
    ),
    ok="every running container has the addresses that the engine gave it",
)
def container_address_missing(endpoints: PathEndpoints) -> Iterator[Finding]:
    """The interface of a container lacks its IPv4 or IPv6 address, or has it with another prefix length.

    What it looks at:
        The addresses in the network namespace of each running container, beside those that the engine recorded. Containers whose
        programs may change the network (NET_ADMIN) and runtimes other than runc are left out.

    Why it matters:
        Published ports, names and the rules of the firewall lead to the recorded address. The engine sets it when the container
        starts and never looks again.

    How it is fixed:
        The address is added, with the default route if the kernel removed it. An address of the same network that stands in its place
        is removed first, since the engine may give it to another container; routes that somebody added are added again. The container does
        not restart; connections that use the wrong address end. Where a route could not be added again exactly (encapsulation, several
        next hops), the command is shown.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
    """
    for one in endpoints.made:
        for version in (4, 6):
            if one.inner is None or not one.assigned(version) or one.found(version) is not None:
                continue
            if version == 4 or not one.is_six_off:
                yield _finding(endpoints, one, one.inner, version)


def _is_of_network(item: NetAddress, address: str) -> bool:
    """Whether it is an address of the container's network, which only the engine gives away."""
    return not item.is_leased and ip_address(item.address) in ip_interface(address).network


def _finding(
    endpoints: PathEndpoints,
    one: PathEndpoint,
    link: NetLink,
    version: int,
) -> Finding:
    address = one.assigned(version)
    own = tuple(item for item in one.namespace.addresses_of(link.index, version) if item.scope != "link")
    foreign = tuple(item for item in own if _is_of_network(item, address))
    shown = ", ".join(item.text for item in own) or f"no IPv{version} address"
    instead = f"has {shown} on {link.name} instead of its address {address}"
    lost = instead if own else f"has lost its address {address} on {link.name}"
    # The kernel removes all routes of IPv4 with the last address.
    is_last = version == 4 and len(foreign) == len(own)
    over = tuple(_over(one, link)) if foreign and is_last else ()
    taken = tuple(route.request(link.name) for route in over if not route.hops)
    # A default route that somebody set is added again as it was: it may lead to a VPN.
    is_set = any(route["dst"] in {"0.0.0.0/0", "default"} for route in taken)
    needs_route = link.is_up and not is_set and (is_last or not one.has_default(version))
    gateway = endpoints.gateway_of(one, version) if needs_route else ""
    return Finding(
        subject=Subject("container", one.name if version == 4 else f"{one.name} (IPv6)"),
        message=f"container {one.name} {lost}: packets to it on network {one.network.name} do not arrive",
        evidence=(
            Evidence(f"addresses of {one.name}", f"{link.name}: {shown}"),
            Evidence("the engine's record", f"{address} on network {one.network.name}"),
        ),
        detail=AddressGone(
            place=one.place,
            base=(
                InterfaceBase(device=link.name, address=address, gateway=gateway)
                if version == 4
                else InterfaceBase(device=link.name, address6=address, gateway6=gateway)
            ),
            # Secondary ones go with the first, so the last is removed first.
            foreign=tuple((item.text, item.attributes) for item in reversed(foreign)),
            routes=taken,
            has_more=any(route.has_more or route.hops for route in over),
        ),
    )


def _over(one: PathEndpoint, link: NetLink) -> Iterator[NetRoute]:
    """Yield the routes that somebody added over the interface: those of the kernel return with an address."""
    for route in one.namespace.routes:
        leads = {route.link, *(hop.link for hop in route.hops)}
        if link.index in leads and route.version == 4 and route.protocol != KERNEL:
            yield route
