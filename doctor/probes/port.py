"""A published port answers from outside."""

from typing import Any

from doctor.api import Missing, probe
from doctor.facts.containers import Containers
from doctor.facts.engine import EngineConfig
from doctor.facts.engine_state import EngineState
from doctor.facts.firewall import Firewall
from doctor.facts.links import Links
from doctor.facts.networks import Networks
from doctor.facts.sysctl import Sysctl
from doctor.model.probing import Launch, Probing
from doctor.probes._outside import outside
from doctor.probes._place import bridge_network
from doctor.probes._port_judge import SERVER_PORT, Asked, Setting, judge
from doctor.probes._result import failed, skipped, unproven
from doctor.probes._rules import CHAIN, Way, start_of, way_in

_HOST_PORT = 47808
_MOST = 8
_LIMIT_S = 1.2
_HOLD_S = 12.0
_SEEN_S = 0.5


@probe(proves="a published port answers from outside")
def port(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    networks: Networks,
    links: Links,
    config: EngineConfig,
    containers: Containers | Missing,
    state: EngineState | Missing,
    firewall: Firewall | Missing,
    sysctl: Sysctl | Missing,
) -> Probing:
    """Connect from an outside host to a port published for a server of the probe's own, and to those of running containers.

    The outside host is a container on a bridge of doctor's own with a documentation address; its packets take the way of any
    client's: nat PREROUTING, FORWARD, the engine's bridge. The probe's own port is made in the engine's chains where they
    are, so the engine's rules must lead to it; where no engine has made any yet, by rules of the runtime, which shows what
    the kernel can. Connections are held while each server's own connection table is looked at: a server that sees its bridge
    instead of the client is reached through docker-proxy alone, which hides that a rule is lost.

    What is no failure: a refusal by a container in which nobody listens; a port published on the loopback; a foreign rule
    that lets the real uplink's packets pass and only the probe's own bridge not (an allow list of interfaces or addresses):
    then the rules are walked for both, and the probe says that it can't tell.
    """
    way = way_in(config, state, firewall)
    network = bridge_network(networks)
    asked = _published(networks, links, containers)
    client = outside(links)
    if network is None and not asked:
        return skipped("the engine has no bridge network")
    if client is None:
        return skipped("the host uses every documentation network, so nothing can stand for an outside host")
    if way.kind == "lost":
        return failed("the engine runs and its chains are gone: no port can be published, 'docker run -p' fails")
    start = start_of(config, state, firewall, networks, sysctl)
    if start.why_not:
        return unproven(start.why_not)
    if _new_links_stay(sysctl):
        return skipped("the kernel forwards, but not from new interfaces, so nothing can stand for an outside host")
    if network is None or way.kind == "none":
        network, way = None, Way(kind="none", why=way.why or "the engine has no bridge network")
    if network is None and not asked:
        return skipped(f"no port of a running container is published, and {way.why}")
    uplinks = links.uplinks()
    setting = Setting(
        way=way,
        network=network,
        client=client,
        asked=asked,
        firewall=firewall,
        uplink=uplinks[0].name if uplinks else "",
        proxy_only=config.get("iptables", True) is False,
    )
    ended = yield Launch(tuple(_containers(setting)))
    return judge(setting, ended)


def _published(networks: Networks, links: Links, containers: Containers | Missing) -> tuple[Asked, ...]:
    """Return the published TCP ports of running containers that an outside host may use, at most 8."""
    local = {address.address for link in links.links for address in link.ipv4}
    # The uplink of a host that is a container itself is a veth, which `outer` leaves out.
    ways = (*links.uplinks(), *links.outer())
    outer = next((link.ipv4[0].address for link in ways if link.ipv4), "")
    found = []
    for network, endpoint, published in networks.published():
        address = outer if published.is_any else published.host_ip
        if published.protocol != "tcp" or not published.host_port or address not in local or address.startswith("127."):
            continue
        owner = None if isinstance(containers, Missing) else containers.get(endpoint.container_id)
        found.append(
            Asked(
                network=network, endpoint=endpoint, port=published, address=address, pid=owner.state.pid if owner else 0
            )
        )
    return tuple(found[:_MOST])


def _new_links_stay(sysctl: Sysctl | Missing) -> bool:
    if isinstance(sysctl, Missing):
        return False
    return sysctl.number("net.ipv4.ip_forward") == 1 and sysctl.number("net.ipv4.conf.default.forwarding") == 0


def _containers(setting: Setting) -> list[dict[str, Any]]:
    client = setting.client
    targets = [{"host": one.address, "port": one.port.host_port} for one in setting.asked]
    found: list[dict[str, Any]] = []
    if setting.network is not None:
        targets.insert(0, {"host": client.host, "port": _HOST_PORT})
        publish: dict[str, Any] = {"host_port": _HOST_PORT, "container_port": SERVER_PORT, "host_ip": client.host}
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
    found.append(
        {
            "id": "client",
            "net": "bridge",
            "bridge": client.place,
            "builtin": "reach",
            "args": {"targets": targets, "timeout_s": _LIMIT_S, "hold": _HOLD_S},
            "background": True,
            "ready": "results",
        }
    )
    if setting.network is not None:
        found.append(_look("server", "container:server", (SERVER_PORT,), setting, setting.network.gateway))
    for pid in dict.fromkeys(one.pid for one in setting.asked if one.pid):
        mine = [one for one in setting.asked if one.pid == pid]
        ports = tuple(one.port.container_port for one in mine)
        found.append(_look(str(pid), f"container:{pid}", ports, setting, mine[0].network.gateway))
    return found


def _look(name: str, net: str, ports: tuple[int, ...], setting: Setting, gateway: str) -> dict[str, Any]:
    """Return a container in a server's network namespace that reads its connection table."""
    peers = [setting.client.client, gateway.partition("/")[0]]
    args = {"ports": [str(port) for port in ports], "peers": peers, "first": peers[0], "timeout_s": _SEEN_S}
    return {"id": f"seen-{name}", "net": net, "builtin": "tcp-peers", "args": args}
