"""Reads what a swarm node's networks need: the engine is asked, because it keeps overlay networks in memory."""

import json
from typing import Any

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo
from doctor.facts.host.processes import Processes
from doctor.facts.network.links import Links, is_ipv4
from doctor.facts.network.listeners import Listener, Listeners
from doctor.facts.network.swarm import DATA_PORT, Overlay, Peer, PortHolder, SwarmNetwork, SwarmPort
from doctor.formats import json_safe
from doctor.formats.json_values import mapping, mappings, number, text
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_ANY = "0.0.0.0"  # noqa: S104 - compared, not bound to
_CONTROL_PORT = 2377
_MOST_PEERS = 16
_STATE_BYTES = 1 << 20
_MTU = "com.docker.network.driver.mtu"
_OWN_PROGRAMS = frozenset({"dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v2", "docker-proxy"})


@collector
def swarm_network(host: Host, info: EngineInfo, links: Links, root: DataRoot) -> SwarmNetwork:
    """Return the networks; the engine is asked for more only if its node is active."""
    if info.swarm != "active":
        raise HostError(Missing(Why.ABSENT, "this engine is not an active swarm node"))
    gaps: list[Missing] = []
    known = mapping(info.answer.get("Swarm"))
    networks = [one for one in _asked(host, "/networks", gaps) if one.get("Driver") == "overlay"]
    addresses = [text(one.get("Addr")).rpartition(":")[0] for one in mappings(known.get("RemoteManagers"))]
    addresses += [text(peer.get("IP")) for one in networks for peer in mappings(one.get("Peers"))]
    if info.is_swarm_manager and number(known.get("Nodes")) > 1:
        addresses += [text(mapping(one.get("Status")).get("Addr")) for one in _asked(host, "/nodes", gaps)]
    own = {text(known.get("NodeAddr")), *(address.address for link in links.links for address in link.addresses)}
    state = _state(host, root.at(docker.SWARM_STATE))
    port = number(mapping(known.get("Cluster")).get("DataPathPort")) or number(state.get("DataPathPort"))
    listens = text(state.get("ListenAddr")).rpartition(":")[2]
    data = text(state.get("DataPathAddr"))
    return SwarmNetwork(
        address=data if is_ipv4(data) else text(known.get("NodeAddr")),
        port=port or DATA_PORT,
        control_port=(int(listens) if listens.isdecimal() else _CONTROL_PORT) if info.is_swarm_manager else 0,
        overlays=tuple(_overlay(one) for one in networks if one.get("Ingress") is not True),
        peers=_peers(links, (one for one in dict.fromkeys(addresses) if one not in own)),
        gaps=tuple(gaps),
    )


def _asked(host: Host, path: str, gaps: list[Missing]) -> list[dict[str, Any]]:
    try:
        answer = host.engine(path)
        return mappings(json.loads(answer.body)) if answer.status == 200 else []
    except HostError as error:
        gaps.append(error.missing)
    except (ValueError, RecursionError):
        gaps.append(Missing(Why.UNREADABLE, f"GET {path}: not JSON"))
    return []


def _state(host: Host, path: HostPath) -> dict[str, Any]:
    """Return the node's settings; a corrupt file is another problem (state/swarm-state-corrupt)."""
    try:
        return mapping(json_safe.load(host.read(path, limit_bytes=_STATE_BYTES)))
    except (HostError, FormatError):
        return {}


def _overlay(one: dict[str, Any]) -> Overlay:
    options = mapping(one.get("Options"))
    given = text(options.get(_MTU))
    mtu = int(given) if given.isdecimal() and len(given) < 6 else 0
    return Overlay(name=text(one.get("Name")), mtu=mtu or 1500, encrypted="encrypted" in options)


def _peers(links: Links, addresses: Any) -> tuple[Peer, ...]:
    found = []
    for address in addresses:
        if not is_ipv4(address) or address == _ANY:
            continue
        route = links.best(address)
        if route is not None and route.device:
            found.append(Peer(address=address, device=route.device))
        if len(found) == _MOST_PEERS:
            break
    return tuple(found)


@collector
def swarm_port(  # noqa: PLR0917 - facts
    host: Host,
    swarm: SwarmNetwork,
    links: Links,
    sockets: Listeners,
    processes: Processes,
    containers: Containers | Missing,
) -> SwarmPort:
    """Return the foreign holder of the port. Nothing is searched for while a container uses an overlay network."""
    # Open vSwitch names its device so; it does not share the port with others, an ordinary vxlan device does.
    if links.link(f"vxlan_sys_{swarm.port}") is not None:
        return SwarmPort(holder=PortHolder(port=swarm.port, owner=f"interface vxlan_sys_{swarm.port} of Open vSwitch"))
    socket = sockets.on("udp", "", swarm.port)
    if socket is None or _works(swarm, containers):
        return SwarmPort()
    for process in processes.items:
        if process.exe and process.comm not in _OWN_PROGRAMS and _has(host, process.pid, socket):
            owner = " ".join(process.argv[:4]) or process.comm
            return SwarmPort(holder=PortHolder(port=swarm.port, owner=owner, pid=process.pid))
    return SwarmPort()


def _works(swarm: SwarmNetwork, containers: Containers | Missing) -> bool:
    names = {one.name for one in swarm.overlays}
    running = () if isinstance(containers, Missing) else containers.items
    return any(one.state.running and names & {place.name for place in one.networks} for one in running)


def _has(host: Host, pid: int, socket: Listener) -> bool:
    wanted = f"socket:[{socket.inode}]"
    top = f"/proc/{pid}/fd"
    try:
        return any(_target(host, HostPath(f"{top}/{name}")) == wanted for name in host.listdir(HostPath(top)))
    except HostError:
        return False


def _target(host: Host, path: HostPath) -> str:
    try:
        return host.readlink(path)
    except HostError:
        return ""
