"""A published port answers an outside host, on the interface that users' packets arrive on."""

from typing import Any

from msgspec.structs import replace

from doctor.api import Missing, probe
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.files import RuntimeStates
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.links import Link, Links
from doctor.facts.network.listeners import Listeners
from doctor.facts.network.networks import Networks
from doctor.model.probing import Launch, Probing
from doctor.probes import _port_local
from doctor.probes._outside import NO_WAY, Outside, behind, free_networks, on_own_bridge, uplink_of
from doctor.probes._place import bridge_network
from doctor.probes._port_judge import judge
from doctor.probes._port_left import IPV6, is_paused, not_asked
from doctor.probes._port_setting import SERVER_PORT, AskedPort, LeftOut, PortSetting
from doctor.probes._result import failed, skipped, unproven
from doctor.probes._rules import CHAIN, PublishWay, start_of, way_in

_HOST_PORTS = range(47808, 47872)
_MOST, _MOST_CLIENTS = 8, 3
_LIMIT_S = 1.2
_HOLD_S = 12.0
_SEEN_S = 0.5


@probe(proves="a published port answers this host, and an outside host on the interface that users' packets arrive on")
def port(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    networks: Networks,
    links: Links,
    config: EngineConfig,
    containers: Containers | Missing,
    runtimes: RuntimeStates | Missing,
    state: EngineState | Missing,
    firewall: Firewall | Missing,
    sysctl: Sysctl | Missing,
    listeners: Listeners | Missing,
) -> Probing:
    """Connect from an outside host to a published port of the probe's own server, and to those of running containers.

    The outside host is a neighbour on the uplink's wire with a documentation address. Its packets arrive on that interface
    and pass every hook that a client's packets pass, and answers leave by it; nothing reaches the wire. The probe's own
    port is published in the engine's chains, so the engine's rules must lead to it. If no engine has created chains yet,
    rules of the runtime publish it, which tests the kernel. Connections are kept open while each server's connection table is
    read: a server that sees its bridge, not the client, is reached by docker-proxy alone, which hides a missing rule.

    If no client can be placed behind the uplink (a tunnel, a kernel without mirred, a user's own filters), the outside host
    is on a bridge of doctor's own. Then the rules for packets from the uplink are evaluated instead, and the result says so.

    If a container publishes a UDP port, the probe tests a UDP port of its own. Not tested, and listed: UDP ports of containers,
    since a server need not answer; ports over IPv6; ports of paused containers, since the kernel accepts connections.

    A port that is published on 127.0.0.1 must also answer a client in the host's own network namespace, as docker-proxy asks.
    A connection refused by a container without a listening process is not a failure. A port that rules open only to some
    sources, that an administrator closed to clients alone, or that a rule drops which can't be evaluated, is unproven. If
    that is the probe's own, and ports of containers answer, the result only mentions it.
    """
    way = way_in(config, state, firewall)
    network = bridge_network(networks)
    local, published = _published(networks, links, containers, runtimes)
    asked = published[:_MOST]
    if network is None and not asked:
        return skipped("the engine has no bridge network")
    if way.kind == "lost":
        return failed("the engine's firewall chains are missing: no port can be published, and 'docker run -p' fails")
    start = start_of(config, state, firewall, networks, sysctl)
    if start.why_not:
        return unproven(start.why_not)
    if network is None or way.kind == "none":
        network, way = (
            None,
            PublishWay(kind="none", why=way.why or "the engine has no bridge network", is_wish=way.is_wish),
        )
    if network is None and not asked:
        return (skipped if way.is_wish else unproven)(f"no running container publishes a port, and {way.why}")
    setting = PortSetting(
        way=way,
        network=network,
        asked=asked,
        firewall=firewall,
        uplink=uplink.name if (uplink := uplink_of(links)) is not None else "",
        host_port=_free_port(networks, listeners),
        proxy_only=config.get("iptables", True) is False,
        local=local[:_MOST],
        left_out=(*not_asked(networks, containers), *_beyond(published[_MOST:])),
    )
    return (yield from _tried(setting, links, uplink, sysctl))


def _tried(setting: PortSetting, links: Links, uplink: Link | None, sysctl: Sysctl | Missing) -> Probing:
    real = _behind(setting, links, uplink)
    if real is not None:
        ended = yield Launch(tuple(_containers(real)))
        clients = [one for name, one in ended.items() if name.startswith("client")]
        setting = replace(setting, not_tried=next((one.error for one in clients if one.error.startswith(NO_WAY)), ""))
        if not setting.not_tried:
            return judge(real, ended)
    return (yield from _on_bridge(setting, links, sysctl))


def _behind(setting: PortSetting, links: Links, uplink: Link | None) -> PortSetting | None:
    """Return the setting with a client behind each interface of a tested port, ``None`` if that is not possible."""
    networks = free_networks(links, setting.firewall)
    if uplink is None or not networks:
        return None
    names = list(dict.fromkeys([uplink.name, *(one.interface for one in setting.asked)]))[:_MOST_CLIENTS]
    network = next((one for one in networks if not setting.singles_out(str(one[2]))), networks[0])
    places = {
        name: behind(link, network, number)
        for number, name in enumerate(names)
        if (link := links.link(name)) is not None
    }
    home = places[uplink.name]
    asked = tuple(replace(one, client=places.get(one.interface, home)) for one in setting.asked)
    asks_udp = setting.network is not None and any(
        "/udp" in port for one in setting.left_out if one.why != IPV6 for port in one.ports
    )
    return replace(
        setting,
        asked=asked,
        client=home,
        host_address=uplink.ipv4[0].address,
        udp_client=behind(uplink, network, len(names)) if asks_udp else None,
    )


def _on_bridge(setting: PortSetting, links: Links, sysctl: Sysctl | Missing) -> Probing:
    client = on_own_bridge(links, setting.firewall)
    if client is None:
        return unproven("can't simulate an outside host: the host uses every documentation network")
    if _new_links_stay(sysctl):
        return unproven("can't simulate an outside host: the kernel does not forward from new interfaces")
    why = setting.not_tried or (
        f"no client can be placed behind {setting.uplink}" if setting.uplink else "no interface leads out of this host"
    )
    asked = tuple(replace(one, client=client) for one in setting.asked)
    setting = replace(setting, asked=asked, client=client, host_address=client.host, not_tried=why)
    ended = yield Launch(tuple(_containers(setting)))
    return judge(setting, ended)


def _published(
    networks: Networks, links: Links, containers: Containers | Missing, runtimes: RuntimeStates | Missing
) -> tuple[tuple[AskedPort, ...], tuple[AskedPort, ...]]:
    """Return the published TCP ports of running containers that this host must reach at 127.0.0.1, and an outside host."""
    holders = {address.address: link for link in links.links for address in link.ipv4}
    # If the host is a container itself, its uplink is a veth, which `outer` leaves out.
    ways = (*links.uplinks(), *links.outer())
    outer = next((link.ipv4[0].address for link in ways if link.ipv4), "")
    names = {link.name for link in ways}
    local, outside = [], []
    for network, endpoint, published in networks.published():
        if published.protocol != "tcp" or not published.host_port or is_paused(containers, endpoint):
            continue
        address = outer if published.is_any else published.host_ip
        is_loopback = address.startswith("127.")
        one = AskedPort(
            network=network,
            endpoint=endpoint,
            port=published,
            address=address,
            interface=name if address in holders and (name := holders[address].name) in names else "",
            process="" if isinstance(runtimes, Missing) else runtimes.process(endpoint.container_id),
        )
        if (published.host_ip in {"", "0.0.0.0"} or is_loopback) and published.version == 4:  # noqa: S104 - compared, never bound
            local.append(one)
        if address in holders and not is_loopback:
            outside.append(one)
    return tuple(local), tuple(outside)


def _beyond(rest: tuple[AskedPort, ...]) -> tuple[LeftOut, ...]:
    why = f"only {_MOST} ports are tested"
    return (LeftOut(ports=tuple(one.title for one in rest), why=why, is_said=True),) if rest else ()


def _free_port(networks: Networks, listeners: Listeners | Missing) -> int:
    """Return a port that is neither published nor in use: the probe would hide the host's own service."""
    taken = {published.host_port for _, _, published in networks.published()}
    heard = set() if isinstance(listeners, Missing) else {item.port for item in listeners.items}
    return next((number for number in _HOST_PORTS if number not in taken | heard), _HOST_PORTS[0])


def _new_links_stay(sysctl: Sysctl | Missing) -> bool:
    if isinstance(sysctl, Missing):
        return False
    return sysctl.number("net.ipv4.ip_forward") == 1 and sysctl.number("net.ipv4.conf.default.forwarding") == 0


def _containers(setting: PortSetting) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if setting.network is not None:
        publish: dict[str, Any] = {
            "host_port": setting.host_port,
            "container_port": SERVER_PORT,
            "host_ip": setting.host_address,
        }
        if setting.way.kind == "chain":
            publish["chain"] = CHAIN
        found.append(
            {
                "id": "server",
                "net": f"network:{setting.network.id}",
                "builtin": "listen",
                "args": {"port": SERVER_PORT},
                "publish": [publish],
                "background": True,
                "ready": "ready",
            }
        )
        if setting.udp_client is not None:
            found += _udp(setting, f"network:{setting.network.id}", setting.udp_client, publish)
    found += [_client(setting, number, client) for number, client in enumerate(setting.clients)]
    if setting.network is not None:
        found.append(_look("server", "container:server", (SERVER_PORT,), setting, setting.network.gateway))
    if setting.local:
        found.append(_port_local.client(setting.local, _LIMIT_S))
    tested = (*setting.asked, *setting.local)
    for process in dict.fromkeys(one.process for one in tested if one.process):
        mine = [one for one in tested if one.process == process]
        ports = tuple(dict.fromkeys(one.port.container_port for one in mine))
        name = mine[0].endpoint.container_id[:12]
        found.append(_look(name, f"container:{process}", ports, setting, mine[0].network.gateway))
    return found


def _udp(setting: PortSetting, net: str, client: Outside, publish: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a UDP server on a network, published like the TCP server, and its outside client."""
    server = {
        "id": "server-udp",
        "net": net,
        "builtin": "udp-listen",
        "args": {"port": SERVER_PORT, "count": 8},
        "publish": [{**publish, "protocol": "udp"}],
        "background": True,
        "ready": "ready",
    }
    asked = {
        "id": "client-udp",
        "net": "bridge",
        "bridge": client.place,
        "builtin": "udp-ask",
        "args": {"host": setting.host_address, "port": setting.host_port, "text": "x", "timeout_s": _LIMIT_S},
    }
    return [server, asked]


def _client(setting: PortSetting, number: int, client: Outside) -> dict[str, Any]:
    return {
        "id": f"client{number}",
        "net": "bridge",
        "bridge": client.place,
        "builtin": "reach",
        "args": {"targets": setting.targets(client), "timeout_s": _LIMIT_S, "hold": _HOLD_S},
        "background": True,
        "ready": "results",
    }


def _look(name: str, net: str, ports: tuple[int, ...], setting: PortSetting, gateway: str) -> dict[str, Any]:
    """Return a container in a server's network namespace that reads its connection table."""
    first = setting.client.client
    peers = [*(client.client for client in setting.clients), gateway.partition("/")[0]]
    args = {"ports": [str(port) for port in ports], "peers": peers, "first": first, "timeout_s": _SEEN_S}
    return {"id": f"seen-{name}", "net": net, "builtin": "tcp-peers", "args": args}
