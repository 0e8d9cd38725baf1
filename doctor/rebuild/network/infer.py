"""Infers the addresses of a network without a record: proven by other records, or assumed and marked so.

A stopped container keeps a network's name, id and the addresses asked for with ``--ip``; dockerd empties the rest.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_interface

from msgspec import Struct

from doctor.facts.containers.containers import Attachment, Container
from doctor.facts.network.traces import NetworkTraces

Member = tuple[Container, Attachment]


class Inferred(Struct, frozen=True, kw_only=True):
    """The address of a network's gateway.

    Attributes:
        address: with the prefix length; ``None`` if the network can't be written.
        assumed: the basis of an unproven address, "" for a proven one.
        refusal: why there is no address.
    """

    address: IPv4Interface | None = None
    assumed: str = ""
    refusal: str = ""


def infer(
    identity: str, members: list[Member], traces: NetworkTraces, known: str, taken: list[IPv4Network]
) -> Inferred:
    """Return the gateway of one network; ``known`` is the address in its driver's record, "" without one.

    ``taken`` are the subnets of existing networks.
    """
    proven = _proven(identity, members, traces, known)
    if len(proven) > 1:
        return Inferred(refusal=f"its containers disagree on its gateway ({', '.join(sorted(map(str, proven)))})")
    found = Inferred(address=proven.pop()) if proven else _assumed(members, traces, taken)
    address = found.address
    if address is None:
        return found
    for name, subnet in traces.uplinks.items():
        if IPv4Network(subnet, strict=False).overlaps(address.network):
            # A bridge never shares a subnet with another interface: this was macvlan or ipvlan, and its parent isn't recorded.
            return Inferred(
                refusal=f"its subnet is that of {name}: a macvlan or ipvlan network without recorded options"
            )
    if any(subnet.overlaps(address.network) for subnet in taken):
        return Inferred(refusal=f"another network has its addresses ({address.network})")
    return found


def _proven(identity: str, members: list[Member], traces: NetworkTraces, known: str) -> set[IPv4Interface]:
    texts = {f"{place.gateway}/{place.prefix}" for _, place in members if place.gateway and 0 < place.prefix <= 30}
    for text in (known, traces.bridges.get(identity[:12], "")):
        if not texts and text:
            texts.add(text)
    return set(_interfaces(texts))


def _interfaces(texts: Iterable[str]) -> Iterator[IPv4Interface]:
    for text in texts:
        try:
            found = ip_interface(text)
        except ValueError:
            continue
        if isinstance(found, IPv4Interface):
            yield found


def _assumed(members: list[Member], traces: NetworkTraces, taken: list[IPv4Network]) -> Inferred:
    static = list(_addresses(place.static_ip for _, place in members))
    last = [
        address
        for container, _ in members
        # With several networks the file does not say which address is of which.
        if len(container.networks) == 1
        for address in _addresses(traces.addresses.get(container.id, ()))
    ]
    chunks = list(_chunks(traces.pools))
    if static:
        # --ip is refused in a network without a subnet of its own, so it can't be in a pool.
        return _around([*static, *last], "the addresses that its containers ask for")
    if last:
        found = [chunk for chunk in chunks if all(address in chunk for address in last)]
        if found:
            return Inferred(
                address=_gateway(found[0], last),
                assumed="the last address of its containers, in the engine's own pools",
            )
        return _around(last, "the last addresses of its containers")
    busy = [*taken, *(IPv4Network(subnet, strict=False) for subnet in traces.busy)]
    free = next((chunk for chunk in chunks if not any(chunk.overlaps(other) for other in busy)), None)
    if free is None:
        return Inferred(refusal="nothing records its addresses, and the engine's address pools are full")
    return Inferred(address=_gateway(free, []), assumed="the next free subnet, since no container records an address")


def _around(addresses: list[IPv4Address], basis: str) -> Inferred:
    """Return the smallest usual subnet that contains them all."""
    for prefix in (24, 16):
        subnet = IPv4Network((addresses[0], prefix), strict=False)
        if all(address in subnet for address in addresses):
            return Inferred(address=_gateway(subnet, addresses), assumed=basis)
    return Inferred(refusal=f"{basis} fit no usual subnet")


def _gateway(subnet: IPv4Network, used: list[IPv4Address]) -> IPv4Interface:
    """Return the first address that no container uses, as the engine does."""
    first = next(host for host in subnet.hosts() if host not in used)
    return IPv4Interface((first, subnet.prefixlen))


def _chunks(pools: Iterable[tuple[str, int]]) -> Iterator[IPv4Network]:
    for base, size in pools:
        network = IPv4Network(base, strict=False)
        yield from network.subnets(new_prefix=size) if 0 <= size - network.prefixlen <= 16 else ()


def _addresses(texts: Iterable[str]) -> Iterator[IPv4Address]:
    for text in texts:
        try:
            yield IPv4Address(text)
        except ValueError:
            continue
