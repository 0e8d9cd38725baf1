"""Which ports of a box can be reached from outside, and from which sources: published ones, container addresses, the host's.

    before = reach.scan(box, targets)
    ...
    opened = reach.scan(box, targets) - before

Every target is asked from each of several sources, so that rules about sources count; the machines outside have routes to
container networks, as a neighbour on the same network segment may. A TCP port is reached when a connection is made, a UDP port
when it answers.
"""

import json
import sys
from collections.abc import Iterable
from typing import NamedTuple

from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS, BOX_ADDRESS
from tests.hosts.sandbox import CHECKOUT

TRUSTED, BANNED = "10.1.2.3", "203.0.113.7"
SOURCES = (ADDRESS, TRUSTED, BANNED)
"""Addresses outside; administrators' rules of the tests trust 10.0.0.0/8 and ban 203.0.113.0/24."""

BOX_ADDRESS6, ADDRESS6 = "2001:db8:51::1", "2001:db8:51::2"
TRUSTED6, BANNED6 = "2001:db8:10::3", "2001:db8:cb::7"
SOURCES6 = (ADDRESS6, TRUSTED6, BANNED6)
LAN_HOST, LAN = "192.168.50.2", "192.168.50.0/24"
"""A machine behind the box: it can be reached only where the box forwards for others."""

WAIT_S = 0.5

LISTEN = """
import json, selectors, socket, sys
chosen = selectors.DefaultSelector()
for port, kind in json.loads(sys.argv[1]):
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            listener = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            if kind == "tcp":
                listener.listen(64)
            chosen.register(listener, selectors.EVENT_READ, kind)
        except OSError:
            continue
print("ready", flush=True)
while True:
    for key, _ in chosen.select():
        if key.data == "tcp":
            key.fileobj.accept()[0].close()
        else:
            data, peer = key.fileobj.recvfrom(64)
            key.fileobj.sendto(data, peer)
"""
"""Listens on ports of both families; a UDP port answers with what it was sent."""

_PROBE = """
import json, selectors, socket, sys, time
wait, asked = json.loads(sys.stdin.read())
chosen, found = selectors.DefaultSelector(), []
for index, (source, address, port, kind) in enumerate(asked):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    probe = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    probe.setblocking(False)
    try:
        probe.bind((source, 0))
        error = probe.connect_ex((address, port))
        if kind == "udp":
            probe.send(b"hello")
    except OSError:
        probe.close()
        continue
    chosen.register(probe, selectors.EVENT_WRITE if kind == "tcp" else selectors.EVENT_READ, index)
end = time.monotonic() + wait
while chosen.get_map() and (left := end - time.monotonic()) > 0:
    for key, _ in chosen.select(left):
        probe = key.fileobj
        chosen.unregister(probe)
        try:
            ok = not probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if asked[key.data][3] == "udp":
                probe.recv(64)
        except OSError:
            ok = False
        if ok:
            found.append(key.data)
        probe.close()
print(json.dumps(found))
"""


class Target(NamedTuple):
    """An address and port, and what a person calls it."""

    name: str
    address: str
    port: int
    protocol: str = "tcp"


class Reached(NamedTuple):
    """One target reached from one source."""

    source: str
    target: str


def prepare(box: Box, *, ipv6: bool = False) -> None:
    """Give the outside its further addresses, and the box a machine behind it for which it might forward."""
    for source in SOURCES[1:]:
        box.outside(["ip", "addr", "add", f"{source}/32", "dev", "eth0"])
        box.run(["ip", "route", "add", f"{source}/32", "dev", "eth0"])
    script = (
        "ip netns add lan && ip link add lan0 type veth peer name eth0 netns lan && ip link set lan0 up"
        " && ip addr add 192.168.50.1/24 dev lan0 && ip -n lan addr add 192.168.50.2/24 dev eth0"
        " && ip -n lan link set eth0 up && ip -n lan route add default via 192.168.50.1"
    )
    box.run(["sh", "-ec", script])
    listen(box, ((80, "tcp"),), inside=["ip", "netns", "exec", "lan"])
    listen(box, ((7000, "tcp"), (7001, "udp")))
    box.outside(["ip", "route", "add", LAN, "via", BOX_ADDRESS])
    if ipv6:
        box.run(["sh", "-ec", f"ip -6 addr add {BOX_ADDRESS6}/64 dev eth0 nodad"])
        for source in SOURCES6[1:]:
            box.run(["ip", "-6", "route", "add", source, "dev", "eth0"])
        for source in (f"{ADDRESS6}/64", f"{TRUSTED6}/128", f"{BANNED6}/128"):
            box.outside(["ip", "-6", "addr", "add", source, "dev", "eth0", "nodad"])


def listen(box: Box, ports: Iterable[tuple[int, str]], *, inside: Iterable[str] = ()) -> None:
    """Listen on ports in the box, or in another namespace of it."""
    box.start([*inside, str(CHECKOUT / ".venv/bin/python"), "-I", "-c", LISTEN, json.dumps(list(ports))])


def serve(box: Box, name: str, *ports: tuple[int, str]) -> None:
    """Listen in a container, whatever its image holds."""
    pid = box.docker("inspect", "-f", "{{.State.Pid}}", name)
    listen(box, ports, inside=["nsenter", "-t", pid, "-n"])


def route_to(box: Box, *subnets: str) -> None:
    """Let the outside know the way to container networks."""
    for subnet in subnets:
        via = BOX_ADDRESS6 if ":" in subnet else BOX_ADDRESS
        box.outside(["ip", "route", "replace", subnet, "via", via])


def scan(box: Box, targets: Iterable[Target], *, wait_s: float = WAIT_S) -> frozenset[Reached]:
    """Return which targets are reached from which source, all asked at once."""
    listed = list(targets)
    pairs = [(source, target) for target in listed for source in (SOURCES6 if ":" in target.address else SOURCES)]
    asked = [(source, target.address, target.port, target.protocol) for source, target in pairs]
    command = ["nsenter", "-t", str(box.outside_pid), "-n", sys.executable, "-I", "-S", "-c", _PROBE]
    found = _run(command, json.dumps((wait_s, asked)))
    return frozenset(Reached(pairs[index][0], pairs[index][1].name) for index in found)


def _run(command: list[str], request: str) -> list[int]:
    import subprocess

    done = subprocess.run(command, input=request, capture_output=True, text=True, check=True, timeout=30)
    found: list[int] = json.loads(done.stdout)
    return found


SUBNETS6 = ("fd00:17::/64", "fd00:88::/64")
"""Of the default bridge and of the network ``app`` where the engine has IPv6 too."""
SETTINGS6 = {"experimental": True, "ip6tables": True, "ipv6": True, "fixed-cidr-v6": SUBNETS6[0]}


def build(box: Box, *, ipv6: bool = False) -> list[Target]:
    """Make two networks with containers that publish ports, start listeners everywhere, and return what may be asked."""
    both = ("--ipv6", "--subnet", SUBNETS6[1]) if ipv6 else ()
    box.docker("network", "create", "--subnet", "10.88.0.0/24", *both, "app")
    run = ("run", "-d", "--stop-timeout", "1")
    serve_80 = ("com:1", "httpd", "-f", "-p", "80", "-h", "/www")
    ports = ("-p", "8080:80", "-p", "127.0.0.1:8082:80", "-p", "5353:53/udp")
    box.docker(*run, "--name", "web", *ports, *serve_80)
    box.docker(*run, "--name", "api", "--network", "app", "--ip", "10.88.0.2", "-p", "8081:80", *serve_80)
    prepare(box, ipv6=ipv6)
    serve(box, "web", (81, "tcp"), (53, "udp"))
    serve(box, "api", (81, "tcp"))
    route_to(box, "172.17.0.0/16", "10.88.0.0/24", *(SUBNETS6 if ipv6 else ()))
    found = _targets(BOX_ADDRESS, "172.17.0.2", "10.88.0.2")
    found.append(Target("lan:80", LAN_HOST, 80))
    if ipv6:
        web, api = (box.docker("inspect", "-f", _ADDRESS6, name) for name in ("web", "api"))
        found += (one._replace(name=f"{one.name} (IPv6)") for one in _targets(BOX_ADDRESS6, web, api))
    return found


_ADDRESS6 = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"


def _targets(host: str, web: str, api: str) -> list[Target]:
    return [
        *(Target(f"host:{port}", host, port) for port in (8080, 8081, 8082, 7000)),
        Target("host:5353/udp", host, 5353, "udp"),
        Target("host:7001/udp", host, 7001, "udp"),
        *(Target(f"web:{port}", web, port) for port in (80, 81)),
        *(Target(f"api:{port}", api, port) for port in (80, 81)),
    ]
