"""The network of ``doctor run``: free addresses and ports, the route out, name files, and joined namespaces."""

import os
import sys
import time
from datetime import datetime
from itertools import pairwise
from typing import Any

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.engine.files import RuntimeStates
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.dns import HostDns
from doctor.facts.network.links import Links
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Network, Networks
from doctor.formats.firewall.iptables_rule import split_words
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.host.neighbours import holders
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.probes._place import bridge_network, place
from doctor.probes.dns import servers_of
from doctor.scan.resolve import Facts
from doctor.state.reserve import Reservations

_MOST_TRIES = 64
_AT_ONCE = 8
_CLOCK_S = 60.0  # tolerance for a clock that was set forward after the container's start
_MARK = "doctor-runtime:"
_LOCAL = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


class Attached(Struct, frozen=True, kw_only=True):
    """Options for the runtime, and the container's address, "" if it has no address of its own."""

    options: tuple[str, ...]
    address: str = ""


def attached(net: str, publish: tuple[str, ...], facts: Facts) -> Attached:
    """Return how the container is attached to the network of the command line."""
    if publish and net != "bridge":
        raise UsageError(f"-p needs --net bridge, not {net}")
    if net in {"none", "host"}:
        return Attached(options=("--net", net))
    if net.startswith("container:"):
        return Attached(options=("--net", f"container:{_process(net.partition(':')[2], facts)}"))
    if net != "bridge":
        raise UsageError(f"--net '{net}' is unknown", do="choose bridge, none, host or container:NAME")
    networks, links = facts.get(Networks), facts.get(Links)
    network = bridge_network(networks) if isinstance(networks, Networks) else None
    if network is None or isinstance(links, Missing) or not isinstance(networks, Networks):
        raise DoctorError("the engine has no bridge network", do="use --net host or --net none")
    held = Reservations(is_handed_on=True)
    held.sweep()
    spot = _spot(network, networks, links, held)
    for port in publish:
        _reserve(port, networks, facts, held)
    options = ["--bridge", spot["name"], "--address", spot["address"], "--gateway", spot["gateway"]]
    options += ["--mac", spot["mac"]]
    options += ["--create-bridge"] * spot["create"] + ["--masquerade"] * _needs_masquerade(network, facts)
    _say_what_is_off(facts)
    return Attached(options=("--net", "bridge", *options), address=spot["address"].partition("/")[0])


def _spot(network: Network, networks: Networks, links: Links, held: Reservations) -> dict[str, Any]:
    """Reserve and return an address that no record, no other container and no host on the wire uses."""
    for begin in range(0, _MOST_TRIES, _AT_ONCE):
        found = [place(network, networks, links, skip=number) for number in range(begin, begin + _AT_ONCE)]
        spots = {one["address"].partition("/")[0]: one for one in found if one is not None}
        taken: frozenset[str] = frozenset()
        if spots and links.link(network.bridge) is not None:
            taken = holders(network.bridge, spots)
        for address, spot in spots.items():
            if address not in taken and held.take(f"address-{address}"):
                return spot
    raise DoctorError(f"network {network.name} has no free address", do="use --net host or --net none")


def _reserve(text: str, networks: Networks, facts: Facts, held: Reservations) -> None:
    """Reserve a port; refuse one in use by a container, a program, a firewall rule, or another ``doctor run``."""
    ports, _, protocol = text.partition("/")
    parts, protocol = ports.split(":"), protocol or "tcp"
    number = int(parts[-2]) if len(parts) > 1 and parts[-2].isdigit() else 0
    address = parts[0] if len(parts) == 3 else "0.0.0.0"  # noqa: S104 - -p without an address means all
    if not number:
        return  # the runtime rejects it and shows the syntax
    title = f"port {number}/{protocol}"
    for _, endpoint, published in networks.published():
        if (published.protocol, published.host_port) == (protocol, number) and _meet(address, published.host_ip):
            raise RefusedError(f"{title} is published by container {endpoint.container}", do="choose another port")
    listeners, firewall = facts.get(Listeners), facts.get(Firewall)
    if isinstance(listeners, Listeners) and listeners.on(protocol, address, number) is not None:
        raise RefusedError(f"a program on this host listens on {title}", do="choose another port")
    rule = _translation(firewall, protocol, number) if isinstance(firewall, Firewall) else ""
    if rule:
        raise RefusedError(f"a firewall rule redirects {title}: {rule}", do="choose another port")
    if not held.take(f"port-{protocol}-{number}"):
        raise RefusedError(f"another 'doctor run' uses {title}", do="choose another port")


def _meet(one: str, other: str) -> bool:
    return one == other or bool({one, other} & {"0.0.0.0", "::", ""})  # noqa: S104


def _translation(firewall: Firewall, protocol: str, port: int) -> str:
    """Return a nat rule for incoming packets that redirects this port, "" if no rule does."""
    if firewall.v4 is None:
        return ""
    for (table, chain), rules in firewall.v4.by_chain.items():
        if table != "nat" or chain in {"POSTROUTING", "INPUT"}:
            continue
        for rule in rules:
            if _MARK in rule.text:
                continue  # of a live run, whose port is reserved, or of a dead one, which the runtime cleans up
            words = split_words(rule.text)
            pairs = set(pairwise(words))
            if {("-p", protocol), ("--dport", str(port))} <= pairs and pairs & {("-j", "DNAT"), ("-j", "REDIRECT")}:
                return rule.text
    return ""


def _needs_masquerade(network: Network, facts: Facts) -> bool:
    """Whether the masquerade rule of the engine's network is missing: the engine adds it at its start."""
    firewall = facts.get(Firewall)
    if not network.masquerade or not network.subnets:
        return False
    if isinstance(firewall, Missing) or firewall.v4 is None:
        return isinstance(firewall, Firewall) and not firewall.has_engine_table
    start = f"-A POSTROUTING -s {network.subnets[0]} ! -o {network.bridge} -j "
    rules = firewall.v4.rules("nat", "POSTROUTING")
    return not firewall.has_engine_table and not any(rule.text.startswith(start) for rule in rules)


def _say_what_is_off(facts: Facts) -> None:
    sysctl, links = facts.get(Sysctl), facts.get(Links)
    if isinstance(sysctl, Sysctl) and sysctl.number("net.ipv4.ip_forward") == 0:
        why = "net.ipv4.ip_forward is 0: the container reaches only this host, and -p works only on this host"
        print(f"doctor: {why}; 'sysctl -w net.ipv4.ip_forward=1' turns it on", file=sys.stderr)
    elif isinstance(links, Links) and not links.defaults:
        print("doctor: this host has no default route: the container reaches nothing outside", file=sys.stderr)


def _container(name: str, facts: Facts) -> Container | None:
    """Return a container by name, id or beginning of the id."""
    containers = facts.get(Containers)
    if not isinstance(containers, Containers):
        return None
    known = containers.get(name) or containers.named(name)
    if known is not None or len(name) < 4:
        return known
    # A name goes before the beginning of an id, as for the engine.
    found = [container for container in containers.items if container.id.startswith(name)]
    if len(found) > 1:
        raise UsageError(f"{len(found)} container ids begin with '{name}'", do="give more digits, or the name")
    return found[0] if found else None


def _process(name: str, facts: Facts) -> str:
    """Return "PID:CONTAINER:FIRST-LAST" of a running container, or a process id as it is."""
    container = _container(name, facts)
    if container is not None:
        if container.state.pid and os.path.isdir(f"/proc/{container.state.pid}"):
            first, last = _beginning(container, facts)
            return f"{container.state.pid}:{container.id}:{first}-{last}"
        raise UsageError(f"container '{name}' is not running")
    if name.isdigit() and os.path.isdir(f"/proc/{name}"):
        if os.path.samefile(f"/proc/{name}/ns/net", "/proc/self/ns/net"):
            raise UsageError(f"process {name} is in this host's network namespace", do="use --net host for that")
        return name
    raise UsageError(f"container '{name}' not found", do="name a running container, or a process id")


def _beginning(container: Container, facts: Facts) -> tuple[int, int]:
    """Return the range of clock ticks since boot in which a container's first process started.

    runc records the exact tick, which a change of the clock does not affect. For other runtimes the engine's StartedAt is
    used, which depends on the clock, so with a tolerance.
    """
    states = facts.get(RuntimeStates)
    state = states.of(container.id) if isinstance(states, RuntimeStates) else None
    if state is not None and state.started:
        return state.started, state.started
    try:
        started = datetime.fromisoformat(container.state.started_at).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"can't identify the process of container '{container.name}': its start time is unknown",
            do=f"use --net container:{container.state.pid} to join that process",
        ) from None
    since_boot = started - time.time() + time.clock_gettime(time.CLOCK_BOOTTIME)
    return 0, max(0, round((since_boot + _CLOCK_S) * os.sysconf("SC_CLK_TCK")))


def names(net: str, hostname: str, address: str, facts: Facts, host: Host) -> dict[str, str]:
    """Return the name files of an image's container, as the engine writes them: path inside → text."""
    found = {"/etc/hostname": f"{hostname}\n", "/etc/hosts": _LOCAL + (f"{address}\t{hostname}\n" if address else "")}
    dns, config = facts.get(HostDns), facts.get(EngineConfig)
    if net == "host":
        paths = {"/etc/hosts": HostPath("/etc/hosts"), "/etc/resolv.conf": HostPath("/etc/resolv.conf")}
        return found | _read(paths, host, follow=True)
    if net.startswith("container:"):
        container = _container(net.partition(":")[2], facts)
        # The engine's name server listens only in that container's network. Its root is not read: it may be hostile.
        paths = (
            {}
            if container is None
            else {"/etc/hosts": container.hosts_path, "/etc/resolv.conf": container.resolv_conf_path}
        )
        return found | _read(paths, host, follow=False)
    if isinstance(dns, HostDns) and isinstance(config, EngineConfig):
        search = "" if dns.config is None or not dns.config.search else f"search {' '.join(dns.config.search)}\n"
        found["/etc/resolv.conf"] = search + "".join(f"nameserver {one}\n" for one in servers_of(dns, config)[0])
    return found


def _read(paths: dict[str, HostPath], host: Host, *, follow: bool) -> dict[str, str]:
    found = {}
    for inside, path in paths.items():
        try:
            text = decode(host.read(path, limit_bytes=1 << 16, follow=follow))
        except HostError:
            continue
        found[inside] = text.replace("\0", "")
    return found
