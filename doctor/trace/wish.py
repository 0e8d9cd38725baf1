"""Parses the arguments of a trace, and finds the namespaces and addresses that they name. No I/O."""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from msgspec import Struct

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.model.errors import UsageError
from doctor.trace.report import OUTSIDE

HOST = "host"
_SHORTEST_ID = 4
_EVERYONE = "255.255.255.255"
_PORTED = re.compile(r"(?:\[([^\]]*)\]|([^\[\]:]*))(?::(\d{1,5}))?")
_EXAMPLES = "give an address, a container, 'host' or 'outside:PORT': 192.0.2.80:443, [2001:db8::1]:53/udp, db:5432"


class TraceTarget(Struct, frozen=True, kw_only=True):
    """The second argument: a name or an address, a port (0 for none) and a protocol."""

    name: str
    port: int
    protocol: str


class TraceWish(Struct, frozen=True, kw_only=True):
    """The packet to send, and the namespaces to look at.

    Attributes:
        origin: the name of the place that sends.
        places: names of namespaces with a process in each, ``None`` for this host's own.
        target: the name of the place where the packet should end, "" if it is elsewhere.
        address: where the packet is sent.
        published: whether it is sent to a published port from a client of the trace's own.
        host_addresses: of this host; empty if unknown.
        is_masqueraded: whether the engine masquerades the origin's packets.
    """

    origin: str
    places: dict[str, int | None]
    target: str
    address: str
    port: int
    protocol: str
    published: bool = False
    host_addresses: frozenset[str] = frozenset()
    is_masqueraded: bool = True

    @property
    def shown(self) -> str:
        """The target for people: "192.0.2.80:53/udp", "[2001:db8::1]:443"."""
        if not self.port:
            return self.address
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}" + ("/udp" if self.protocol == "udp" else "")


def parse_target(text: str) -> TraceTarget:
    """Return the target of the command line. Raises ``UsageError``."""
    rest, slash, protocol = text.partition("/")
    if slash and protocol not in {"tcp", "udp", "icmp"}:
        raise UsageError(f"unknown protocol '{protocol}'", do="use /tcp or /udp after the port")
    if rest.count(":") > 1 and not rest.startswith("["):
        name, port = rest, ""
    else:
        found = _PORTED.fullmatch(rest)
        if found is None:
            raise UsageError(f"can't parse target '{text}'", do=_EXAMPLES)
        name, port = found[1] if found[1] is not None else found[2], found[3] or ""
    number = int(port or 0)
    if not name:
        raise UsageError(f"can't parse target '{text}'", do=_EXAMPLES)
    if number > 65535 or (port and not number):
        raise UsageError(f"{port} is not a port", do="ports are 1 to 65535")
    if not number and protocol in {"tcp", "udp"}:
        raise UsageError(f"target '{text}' has no port", do=f"add one: {name}:80/{protocol}")
    if number and protocol == "icmp":
        raise UsageError("ICMP has no ports", do=f"use {name} alone")
    return TraceTarget(name=name, port=number, protocol=protocol or ("tcp" if number else "icmp"))


def wish_of(
    origin: str, text: str, containers: Containers | None, networks: Networks | None, links: Links | None
) -> TraceWish:
    """Return what the command line asks for. Raises ``UsageError``."""
    target = parse_target(text)
    known = () if containers is None else containers.items
    if origin == OUTSIDE and not any(origin in {one.name, one.id} for one in known):
        raise _not_from_outside(target, known)
    sender = None if origin == HOST else _running(origin, known)
    name = HOST if sender is None else sender.name
    places: dict[str, int | None] = {HOST: None}
    if sender is not None and not _shares_host(sender):
        places[sender.name] = sender.state.pid
    own = frozenset() if links is None else frozenset(one.address for link in links.links for one in link.addresses)
    if target.name == OUTSIDE:
        return _published(sender, target, places, own, links)
    goal, address = _goal(sender, target, known, own)
    if goal is not None and not _shares_host(goal):
        places[goal.name] = goal.state.pid
    place = HOST if address in own or (goal is not None and _shares_host(goal)) else ""
    if goal is not None and not place:
        place = goal.name
    if _is_loopback(address):
        place = name
    return TraceWish(
        origin=name if name in places else HOST,
        places=places,
        target=place if place in places else (HOST if place else ""),
        address=address,
        port=target.port,
        protocol=target.protocol,
        host_addresses=own,
        is_masqueraded=sender is None or _is_masqueraded(sender, networks),
    )


def _not_from_outside(target: TraceTarget, known: Iterable[Container]) -> UsageError:
    """Return the mistake to name 'outside' as the sender, with the command that traces an incoming packet."""
    port = target.port or 8080
    owner = next(
        (one for one in known if one.state.running and any(port == published.host_port for published in one.ports)),
        None,
    )
    command = f"'doctor probe --trace {owner.name if owner is not None else 'CONTAINER'} {OUTSIDE}:{port}'"
    return UsageError(
        "a trace can't begin at 'outside'",
        do=f"it begins at a container of 'docker ps' or at 'host'; for packets from outside to a published port: {command}",
    )


def _published(
    sender: Container | None,
    target: TraceTarget,
    places: dict[str, int | None],
    own: frozenset[str],
    links: Links | None,
) -> TraceWish:
    if sender is None or not target.port:
        raise UsageError("'outside' needs a container and its published port", do="for example: aa outside:8080")
    uplinks = () if links is None else (*links.uplinks(), *links.outer())
    outer = [one.address for link in uplinks for one in link.ipv4 if one.scope == "global"]
    listed = [
        port.host_ip for port in sender.ports if (port.protocol, port.host_port) == (target.protocol, target.port)
    ]
    named = [one for one in listed if one and not ip_address(one).is_unspecified and not _is_loopback(one)]
    if not (named or outer):
        raise UsageError("this host has no address that a client outside could use")
    return TraceWish(
        origin=OUTSIDE,
        places=places,
        target=sender.name if sender.name in places else HOST,
        address=(named or outer)[0],
        port=target.port,
        protocol=target.protocol,
        published=True,
        host_addresses=own,
    )


def _goal(
    sender: Container | None, target: TraceTarget, known: Iterable[Container], own: frozenset[str]
) -> tuple[Container | None, str]:
    """Return the container that a target names, or has the address of, and the address."""
    try:
        address = str(ip_address(target.name))
    except ValueError:
        address = ""
    if address:
        if ip_address(address).is_unspecified or ip_address(address).is_multicast or address == _EVERYONE:
            raise UsageError(
                f"{address} is not the address of one host", do="give one that a packet can be answered from"
            )
        if address in own:
            return None, address
        return next((one for one in known if one.state.running and address in _addresses(one)), None), address
    if target.name == HOST:
        gateway = "" if sender is None else next((one.gateway for one in sender.networks if one.gateway), "")
        if not gateway:
            raise UsageError("no gateway of that container is known", do="give an address of the host")
        return None, gateway
    goal = _running(target.name, known, or_address=True)
    if _shares_host(goal):
        raise UsageError(
            f"container '{goal.name}' uses the network of the host", do="use 'host' or an address of the host"
        )
    found = _shared_address(sender, goal)
    if not found:
        raise UsageError(f"container '{goal.name}' has no address", do="give an address")
    return goal, found


def _running(name: str, known: Iterable[Container], *, or_address: bool = False) -> Container:
    """Return a running container by name, id or beginning of the id. ``or_address``: an address could stand there."""
    every = list(known)
    found = [one for one in every if name in {one.name, one.id}]
    if not found and len(name) >= _SHORTEST_ID:
        found = [one for one in every if one.id.startswith(name)]
    if not found and or_address:
        do = "give an IP address, or a container that 'docker ps' lists: names of other hosts are not resolved"
        raise UsageError(f"'{name}' is neither an IP address nor a container", do=do)
    if not found:
        do = "a trace begins at a container that 'docker ps' lists (name or id), or at 'host'"
        raise UsageError(f"container '{name}' not found", do=do)
    if len(found) > 1:
        raise UsageError(f"{len(found)} container ids begin with '{name}'", do="give more digits, or the name")
    if not found[0].state.running or not found[0].state.pid:
        raise UsageError(
            f"container '{found[0].name}' is not running", do="start it first: a stopped container has no network"
        )
    return found[0]


def _shares_host(container: Container) -> bool:
    return container.host is not None and container.host.network_mode == HOST


def _addresses(container: Container) -> set[str]:
    return {one.ip for one in container.networks if one.ip}


def _shared_address(sender: Container | None, goal: Container) -> str:
    """Return the address of a container on a network that both are in, else its first one."""
    mine = set() if sender is None else {one.network_id or one.name for one in sender.networks}
    shared = [one.ip for one in goal.networks if one.ip and (one.network_id or one.name) in mine]
    return next(iter(shared or [one.ip for one in goal.networks if one.ip]), "")


def _is_masqueraded(sender: Container, networks: Networks | None) -> bool:
    """Whether the engine masquerades all of a container's networks that lead outside; true if that is unknown."""
    if networks is None:
        return True
    ids = {one.network_id for one in sender.networks}
    mine = [one for one in networks.bridges if one.id in ids]
    return all(one.masquerade and one.gateway_mode.startswith("nat") for one in mine) if mine else False


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback if address else False
