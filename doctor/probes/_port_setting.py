"""The setting of the probe `port`: which client connects to which ports, and the resulting packets."""

from ipaddress import IPv4Network
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.network.networks import Endpoint, Network, PublishedPort
from doctor.formats.firewall.iptables_save import Rule
from doctor.model.missing import Missing
from doctor.model.probe_result import LostWay
from doctor.probes._cuts import Path, as_udp, cut_for_it_alone, path_to
from doctor.probes._outside import Outside
from doctor.probes._rules import CHAIN, PublishWay

SERVER_PORT = 8080
_SERVER = "192.0.0.8"
"""Stands for the probe's own server on a network without a subnet of IPv4 (RFC 7600's dummy address): no rule names it."""
_NOBODY = Outside(interface="", client="", host="", prefix=32)


class AskedPort(Struct, frozen=True, kw_only=True):
    """A published port of a running container: asked at ``address``.

    Attributes:
        process: by which the runtime joins the container's network, "" where unknown.
        interface: the outer interface that has the address, "" if none has it.
        client: the outside host that connects.
    """

    network: Network
    endpoint: Endpoint
    port: PublishedPort
    address: str
    process: str = ""
    interface: str = ""
    client: Outside = _NOBODY

    @property
    def title(self) -> str:
        """Return the name for people: "port 8080 of web"."""
        return f"port {self.port.host_port} of {self.endpoint.container or 'a container'}"

    def way(self, *kinds: str) -> LostWay:
        """Return the way of packets to it."""
        return LostWay(
            kinds=kinds,
            container=self.endpoint.container,
            target=self.address,
            port=self.port.host_port,
            protocol=self.port.protocol,
        )


class SilentPort(Struct, frozen=True, kw_only=True):
    """A port that does not answer: its title for people, the outcome of a connection in a word, and its way.

    Attributes:
        is_new: whether it is the probe's own, which no list of allowed ports can name.
    """

    title: str
    word: str
    way: LostWay
    is_new: bool = False


class LeftOut(Struct, frozen=True, kw_only=True):
    """Published ports that are not tested: which, why, and whether the result's message mentions them."""

    ports: tuple[str, ...]
    why: str
    is_said: bool = False


class PortSetting(Struct, frozen=True, kw_only=True):
    """The setting of one run.

    Attributes:
        way: how the probe's own port is published; ``network`` is its server's, ``None`` without a server.
        asked: ports of running containers.
        local: those that this host itself must reach at 127.0.0.1.
        uplink: the interface that real clients' packets arrive on, "" if unknown.
        client: the outside host that connects to the probe's own port, at ``host_address``, ``host_port``.
        not_tried: why no client can be placed behind the uplink, else "".
        proxy_only: whether the engine's settings publish ports by docker-proxy alone.
        left_out: published ports that are not tested.
        udp_client: the client of the probe's own UDP port, ``None`` if no container publishes one or it can't be tested.
    """

    way: PublishWay
    network: Network | None
    asked: tuple[AskedPort, ...]
    firewall: Firewall | Missing
    uplink: str
    proxy_only: bool
    host_port: int
    host_address: str = ""
    client: Outside = _NOBODY
    not_tried: str = ""
    left_out: tuple[LeftOut, ...] = ()
    udp_client: Outside | None = None
    local: tuple[AskedPort, ...] = ()

    @property
    def clients(self) -> tuple[Outside, ...]:
        """Return the clients, the one of the probe's own port first."""
        return tuple(dict.fromkeys((self.client, *(one.client for one in self.asked))))

    @property
    def own_way(self) -> LostWay:
        """Return the way to the probe's own port, for which any published port on the network stands."""
        name = "" if self.network is None else self.network.name
        return LostWay(kinds=("published",), network=name, target=self.host_address, port=self.host_port)

    def targets(self, client: Outside) -> list[dict[str, Any]]:
        """Return the targets of a client: the probe's own port first, then those of containers, then the host itself."""
        found: list[dict[str, Any]] = []
        if self.network is not None and client == self.client:
            found.append({"host": self.host_address, "port": self.host_port})
        mine = [one for one in self.asked if one.client == client]
        found += [{"host": one.address, "port": one.port.host_port} for one in mine]
        return [*found, {"kind": "ping", "host": found[0]["host"] if found else self.host_address}]

    def own_path(self, client: str, interface: str = "") -> tuple[Path, Rule | None]:
        """Return the path to the probe's own server, and the rule that the runtime adds for it."""
        bridge, server = "", _SERVER
        if self.network is not None:
            bridge, server = self.network.bridge, _last_address(self.network)
        path = path_to(
            inside=interface or self.client.interface,
            source=client,
            address=self.host_address,
            host_port=self.host_port,
            container=server,
            port=SERVER_PORT,
            bridge=bridge,
        )
        text = f"-A {CHAIN} -d {server}/32 ! -i {bridge} -o {bridge} -p tcp --dport {SERVER_PORT} -j ACCEPT"
        rule = Rule(table="filter", chain=CHAIN, text=text, line=0) if self.way.kind == "chain" else None
        return path, rule

    def udp_path(self, client: str) -> tuple[Path, Rule | None]:
        """Return the path to the probe's own UDP server, and the rule for it."""
        path, rule = self.own_path(client)
        return as_udp(path), rule and replace(rule, text=rule.text.replace("-p tcp", "-p udp"))

    def path(self, one: AskedPort, interface: str = "") -> Path:
        """Return the path to a published port."""
        return path_to(
            inside=interface or one.client.interface,
            source=one.client.client,
            address=one.address,
            host_port=one.port.host_port,
            container=one.port.container_ip,
            port=one.port.container_port,
            bridge=one.network.bridge,
        )

    def singles_out(self, client: str) -> bool:
        """Whether a rule drops packets from this address on the uplink, but not those from other addresses."""
        if isinstance(self.firewall, Missing):
            return False
        path, rule = self.own_path(client, self.uplink)
        others = [self.path(replace(one, client=replace(_NOBODY, client=client)), self.uplink) for one in self.asked]
        ways = [(path, rule), *((other, None) for other in others)]
        return any(cut_for_it_alone(self.firewall, one, self.uplink, extra) for one, extra in ways)


def _last_address(network: Network) -> str:
    """Return the address at which the probe's server is placed, unless it is taken: rules name the network, but not it."""
    first = next((subnet for subnet in network.subnets if ":" not in subnet), "")
    return str(IPv4Network(first, strict=False)[-2]) if first and not first.endswith(("/31", "/32")) else _SERVER
