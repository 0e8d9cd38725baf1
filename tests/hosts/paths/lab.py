"""One host of the sweep, alive: its namespaces, links, addresses and settings."""

import fcntl
import re
import socket
import struct
import time
from types import TracebackType
from typing import Self

from tests.hosts.paths.change import COMMANDS, Change
from tests.hosts.paths.layout import (
    BRIDGES,
    CONTAINERS,
    HOST,
    HOST_ADDRESS,
    NEXT_HOP,
    OUTSIDE,
    PLACES,
    TARGET,
    UPLINK,
    Container,
    prefix,
)
from tests.hosts.paths.namespace import Namespace

_SIOCGIFHWADDR = 0x8927
# IPv4's settings of a new namespace are those of the machine: fix each that a verdict hangs on.
_SETTINGS = {
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/forwarding": "0",
    "ipv4/conf/all/accept_local": "0",
    "ipv4/conf/all/route_localnet": "0",
    "ipv4/conf/all/arp_ignore": "0",
    "ipv4/conf/all/arp_filter": "0",
    "ipv4/ping_group_range": "0 2147483647",
    # An address is in use at once; nothing has to wait a second for it.
    "ipv6/conf/all/accept_dad": "0",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/all/accept_ra": "0",
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
}


class Lab:
    """The layout in namespaces of its own; gone when it is closed."""

    def __init__(self) -> None:
        self.places = {name: Namespace() for name in PLACES}

    def __enter__(self) -> Self:
        for place in self.places.values():
            place.call(_write_all, _SETTINGS)
        self._must("ip", HOST, self._host_links())
        self._must("ip", OUTSIDE, self._outside())
        ready = [self.places[one.name].begin_run(COMMANDS["ip"], _container(one)) for one in CONTAINERS]
        for one in ready:
            if (done := one.result()).returncode:
                raise RuntimeError(done.stderr)
        self.places[HOST].call(_write_all, {"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"})
        self._settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for place in self.places.values():
            place.close()

    def _settle(self) -> None:
        """Wait until IPv6 is up on every link, and packets pass it: the kernel begins with both a moment after the link is up."""
        wanted = [(HOST, NEXT_HOP[6], HOST_ADDRESS[6]), (OUTSIDE, HOST_ADDRESS[6], NEXT_HOP[6])]
        wanted += [(one.name, one.bridge.gateway[6], one.address[6]) for one in CONTAINERS]
        wanted += [(HOST, one.address[6], one.bridge.gateway[6]) for one in CONTAINERS]
        end = time.monotonic() + 10
        while not all(self.places[name].call(_source_to, target) == own for name, target, own in wanted):
            self._wait(end)
        asked = {HOST: tuple(NEXT_HOP.values()), **{one.name: tuple(one.bridge.gateway.values()) for one in CONTAINERS}}
        while asked:
            answers = {name: self.places[name].begin(_echoes, targets) for name, targets in asked.items()}
            asked = {name: silent for name, answer in answers.items() if (silent := answer.result())}
            self._wait(end)

    @staticmethod
    def _wait(end: float) -> None:
        if time.monotonic() > end:
            raise RuntimeError("a link or IPv6 is not up")
        time.sleep(0.01)

    def apply(self, change: Change) -> str:
        """Make a change; returns why the kernel or the tool refused, empty when it is made."""
        place = self.places[change.place]
        if change.tool == "sysctl":
            return str(place.call(_settings, change.text))
        text = change.text
        if change.tool in {"ip", "bridge"}:
            text = re.sub(r"(?<=\s)@([\w-]+)", self._link_address, text)
        done = place.run(COMMANDS[change.tool], text.rstrip("\n") + "\n")
        return "" if done.returncode == 0 else (done.stderr.strip() or f"exit {done.returncode}")

    def _link_address(self, match: re.Match[str]) -> str:
        name = match[1]
        place, device = (self.places[name], "eth0") if name in self.places else (self.places[HOST], name)
        return str(place.call(_mac, device))

    def _must(self, tool: str, place: str, lines: list[str]) -> None:
        if reason := self.apply(Change(place, tool, "\n".join(lines))):
            raise RuntimeError(f"{place}: {reason}")

    def _host_links(self) -> list[str]:
        lines = ["link set lo up", f"link add {UPLINK} type veth peer name eth0 netns {self.places[OUTSIDE].tid}"]
        lines += [f"link set {UPLINK} up"]
        for bridge in BRIDGES:
            lines += [f"link add {bridge.name} type bridge", f"link set {bridge.name} up"]
        for one in CONTAINERS:
            lines.append(f"link add {one.veth} type veth peer name eth0 netns {self.places[one.name].tid}")
            lines.append(f"link set {one.veth} master {one.bridge.name} up")
        for version in (4, 6):
            lines.append(f"addr add {HOST_ADDRESS[version]}/{24 if version == 4 else 64} dev {UPLINK}")
            lines += [
                f"addr add {bridge.gateway[version]}/{prefix(version)} dev {bridge.name}{' nodad' * (version == 6)}"
                for bridge in BRIDGES
            ]
            lines.append(f"route add default via {NEXT_HOP[version]} dev {UPLINK}")
        return lines

    def _outside(self) -> list[str]:
        lines = ["link set lo up", "link set eth0 up"]
        for version in (4, 6):
            lines.append(
                f"addr add {NEXT_HOP[version]}/{24 if version == 4 else 64} dev eth0{' nodad' * (version == 6)}"
            )
            lines.append(f"addr add {TARGET[version]}/{32 if version == 4 else 128} dev lo")
        # Programs far outside ask for packets of 1,500 bytes, whatever the last link takes.
        lines.append("route change 198.51.100.0/24 dev eth0 proto kernel scope link src 198.51.100.2 advmss 1460")
        lines.append("route change 2001:db8:64::/64 dev eth0 proto kernel metric 256 advmss 1440")
        return lines


def _container(one: Container) -> str:
    lines = ["link set lo up", "link set eth0 up"]
    for version in (4, 6):
        lines.append(f"addr add {one.address[version]}/{prefix(version)} dev eth0{' nodad' * (version == 6)}")
        lines.append(f"route add default via {one.bridge.gateway[version]}")
    return "\n".join([*lines, ""])


def _write_all(settings: dict[str, str]) -> None:
    for path, value in settings.items():
        with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as file:
            file.write(value)


def _settings(text: str) -> str:
    """Write lines of "path value"; returns the first error."""
    for line in text.splitlines():
        path, _, value = line.partition(" ")
        try:
            _write_all({path: value})
        except OSError as error:
            return f"{path}: {error.strerror}"
    return ""


def _source_to(target: str) -> str:
    """The address from which the kernel sends, empty without a route."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        try:
            one.connect((target, 9))
        except OSError:
            return ""
        return str(one.getsockname()[0])


def _echoes(targets: tuple[str, ...]) -> tuple[str, ...]:
    """The targets that do not answer an ICMP echo soon."""
    silent = []
    for target in targets:
        family, protocol, kind = (socket.AF_INET6, 58, 128) if ":" in target else (socket.AF_INET, 1, 8)
        with socket.socket(family, socket.SOCK_DGRAM, protocol) as one:
            one.settimeout(0.1)
            try:
                one.connect((target, 0))
                one.send(struct.pack("!BBHHH", kind, 0, 0, 0, 1))
                one.recv(64)
            except OSError:
                silent.append(target)
    return tuple(silent)


def _mac(device: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        data = fcntl.ioctl(one, _SIOCGIFHWADDR, struct.pack("16s24x", device.encode()))
    return data[18:24].hex(":")
