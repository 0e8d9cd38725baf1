"""Network segments: which interfaces are joined, by veths and bridges, and who has an address there."""

from doctor.facts.path.namespace import NetLink
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.world import BridgePorts, End, PathPlace, World

_PERMANENT = 0x80
"""NUD_PERMANENT: the bridge keeps packets to such an address for the host."""
_PEERED = frozenset({"veth", "netkit"})


def peer_of(world: World, place: PathPlace, link: NetLink) -> End | None:
    """Return the other end of a veth, ``None`` if it is in no known place or in several."""
    if link.kind not in _PEERED or not link.peer_index:
        return None
    key = (place.name, link.index)
    if key not in world.peers:
        world.peers[key] = _peer(world, place, link)
    return world.peers[key]


def _peer(world: World, place: PathPlace, link: NetLink) -> End | None:
    if not world.ends:
        for other in world.places.values():
            for end in other.namespace.links:
                if end.kind in _PEERED and end.peer_index:
                    world.ends.setdefault((end.index, end.peer_index), []).append((other, end))
    found: dict[int, End] = {}
    for other, end in world.ends.get((link.peer_index, link.index), ()):
        if end.kind == link.kind and (link.peer_namespace is None) == (other.namespace is place.namespace):
            found.setdefault(id(other.namespace), (other, end))
    return next(iter(found.values())) if len(found) == 1 else None


def bridge_of(world: World, place: PathPlace, link: NetLink) -> End | None:
    """Return the bridge of an interface's segment: that itself, or that of the other end's port."""
    if link.kind == "bridge":
        return place, link
    peer = peer_of(world, place, link)
    if peer is None:
        return None
    home, end = peer
    master = home.link(end.master) if end.master else None
    return None if master is None or master.kind != "bridge" else (home, master)


def is_closed(world: World, place: PathPlace, link: NetLink) -> bool:
    """Whether every other end of a segment is known, so that nobody else can answer."""
    found = bridge_of(world, place, link)
    if found is None:
        return peer_of(world, place, link) is not None
    return not ports_of(world, *found).unknown


def ports_of(world: World, place: PathPlace, bridge: NetLink) -> BridgePorts:
    """Return where the ports of a bridge lead."""
    key = (place.name, bridge.index)
    found = world.ports.get(key)
    if found is None:
        found = world.ports[key] = BridgePorts()
        for port in place.ports(bridge.index):
            peer = peer_of(world, place, port)
            if peer is None:
                found.unknown.append(port)
            else:
                found.by_mac.setdefault(peer[1].mac, []).append(port)
        for entry in place.namespace.fdb:
            if entry.master == bridge.index and entry.link != bridge.index:
                found.learned[entry.mac] = entry.link
                if entry.state & _PERMANENT:
                    found.local.add(entry.mac)
    return found


def owners(world: World, place: PathPlace, link: NetLink, version: int, number: int) -> list[End]:
    """Return the interfaces of a segment that answer for an address."""
    home = bridge_of(world, place, link)
    found: list[End] = []
    for name in places_with(world, version, number):
        other = world.places[name]
        if home is not None and other is home[0]:
            # Of a host's thousand interfaces only the bridge is on the segment.
            bridge = home[1]
            if bridge is not link and bridge.is_up and _answers(other, bridge, version, number):
                found.append(home)
            continue
        found += [
            (other, end)
            for end in other.namespace.links
            if end is not link
            and end.is_up
            and _answers(other, end, version, number)
            and _is_joined(world, (place, link), (other, end), home)
        ]
    return found


def _answers(place: PathPlace, link: NetLink, version: int, number: int) -> bool:
    """Whether an interface answers for an address of its place: for each by ARP, for IPv6 only for its own."""
    return version == 4 or any(
        one.link == link.index and address(one.address) == (version, number) for one in place.namespace.addresses
    )


def _is_joined(world: World, one: End, other: End, home: End | None) -> bool:
    """Whether an interface has an IP layer on the segment of another."""
    place, link = other
    if home is None:
        peer = peer_of(world, *one)
        return peer is not None and peer[1] is link and not link.master
    if place.name == home[0].name and link.kind == "bridge":
        return link is home[1]
    if link.master or link.kind not in _PEERED:
        return False
    bridge = bridge_of(world, place, link)
    return bridge is not None and bridge[1] is home[1]


def places_with(world: World, version: int, number: int) -> frozenset[str]:
    """Return the names of places that have an address."""
    if not world.addresses:
        for place in world.places.values():
            for one in place.namespace.addresses:
                found = address(one.address)
                if found is not None and one.is_usable:
                    world.addresses.setdefault(found, set()).add(place.name)
    return frozenset(world.addresses.get((version, number), ()))


def is_awaited(world: World, version: int, number: int) -> bool:
    """Whether a place has an address of IPv6 that the kernel does not use yet: it asks for a second or two if others have it."""
    return version == 6 and any(
        one.is_checked and address(one.address) == (version, number)
        for place in world.places.values()
        for one in place.namespace.addresses
    )


def calls_iptables(place: PathPlace, bridge: NetLink, version: int) -> bool:
    """Whether packets of a bridge pass the rules of the IP family."""
    name = "iptables" if version == 4 else "ip6tables"
    if place.namespace.sysctls.get(f"net.bridge.bridge-nf-call-{name}", "0").strip() not in {"", "0"}:
        return True
    settings = bridge.bridge
    if settings is None:
        return False
    return bool(settings.nf_call_iptables if version == 4 else settings.nf_call_ip6tables)
