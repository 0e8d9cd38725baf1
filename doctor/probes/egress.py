"""A container on each of the engine's bridges reaches the outside, by the interface of the default route."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any

from msgspec import Struct

from doctor.api import Evidence, Missing, probe
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.dns import HostDns, is_loopback
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.facts.network.route_hints import has_default
from doctor.model.outcome import Result
from doctor.model.probe_result import LostWay, ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._outside import NO_WAY, Outside, behind, free_networks, is_named, uplink_of
from doctor.probes._result import failed, not_run, passed, result, results_of, skipped, target_word, unproven
from doctor.probes._rules import start_of

_PORTS = (53, 80, 443)
_GATEWAYS = 2
_SERVERS = 2
_NETWORKS = 4
_LIMIT_S = 1.5
_KINDS = ("egress-new", "egress")
_PEER_PORT, _PEER_NUMBER = 7007, 4
"""Port of the probe's own outside host, and its number among the hosts of the probe `port`, which runs in parallel."""


@probe(proves="a container on the engine's bridge reaches the outside")
def egress(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    networks: Networks,
    links: Links,
    config: EngineConfig,
    dns: HostDns | Missing,
    state: EngineState | Missing,
    firewall: Firewall | Missing,
    sysctl: Sysctl | Missing,
) -> Probing:
    """Connect from the host and from a container on each network to the host's gateways and name servers.

    A container must reach everything that the host reaches. Its packets pass the host's own rules; the runtime adds rules
    only if the engine has not started yet and so has not created its own. In addition to the gateways and name servers, an
    outside host of the probe's own is placed behind the uplink. It answers even if those do not, and reports the address
    that it sees, so a container address that is not masqueraded is detected. Packets to it leave by the uplink through
    every hook and never reach the wire. Only an answer from the far end counts (a connection, a DNS answer, an echo): a
    refusal may come from a firewall. If the host gets only refusals, a container without any is cut off, and a container
    with refusals is unproven.

    Networks without masquerading (``enable_ip_masquerade`` false, routed) are left out: their replies depend on the routers
    outside.
    """
    tested = networks_out(networks)
    if not tested:
        return skipped("the engine has no bridge network with outside access")
    start = start_of(config, state, firewall, networks, sysctl)
    if start.why_not:
        return unproven(start.why_not)
    gateways = dict.fromkeys(route.gateway for route in links.defaults if is_outer(route.gateway))
    targets = _targets(tuple(gateways)[:_GATEWAYS], _servers(dns))
    peer = _peer(links, firewall)
    if not targets and peer is None and not (has_default(links, 4) or has_default(links, 6) or links.has_policy):
        return skipped("the host has no default route and no name server: it has no way to the outside itself")
    if not targets and peer is None:
        return unproven("the host has no gateway and no name server, and no client can be placed behind its uplink")
    work: dict[str, Any] = {"builtin": "reach", "args": {"targets": targets, "timeout_s": _LIMIT_S}}
    containers: list[dict[str, Any]] = [] if peer is None else [_server(peer)]
    containers.append({"id": "host", "net": "host", **work})
    work |= start.container
    if peer is not None:
        work["args"] = work["args"] | {"targets": [*targets, _greeting(peer.client)]}
    containers += [{"id": f"net{n}", "net": f"network:{one.id}", **work} for n, one in enumerate(tested)]
    ended = yield Launch(tuple(containers))
    return _judge(tested, targets, ended, _Peer.of(peer, links, firewall, ended.get("peer")))


class _Peer(Struct, frozen=True, kw_only=True):
    """The probe's own outside host: its interface, the addresses it may see, and why it could not be used."""

    interface: str
    address: str
    mine: frozenset[str]
    not_tried: str = ""
    is_named: bool = False

    @property
    def target(self) -> dict[str, Any]:
        """The target of containers."""
        return _greeting(self.address)

    @classmethod
    def of(cls, place: Outside | None, links: Links, firewall: Firewall | Missing, ended: Ended | None) -> "_Peer":
        uplink = uplink_of(links)
        name = "" if uplink is None else uplink.name
        mine = frozenset(address.address for link in links.links for address in link.ipv4)
        why = "no host can be placed behind it" if place is None or ended is None else ended.error
        named = place is not None and is_named(IPv4Network(f"{place.client}/32"), firewall)
        address = "" if place is None else place.client
        return cls(interface=name, address=address, mine=mine, not_tried=why, is_named=named)


def _greeting(address: str) -> dict[str, Any]:
    return {"kind": "greet", "host": address, "port": _PEER_PORT}


def _lost(names: list[str], target: dict[str, Any]) -> Iterator[LostWay]:
    """Yield the ways from these networks to a target."""
    protocol = {"ping": "icmp", "dns": "udp"}.get(target["kind"], "tcp")
    for name in names:
        yield LostWay(
            kinds=_KINDS, network=name, target=target["host"], port=int(target.get("port", 0)), protocol=protocol
        )


def _peer(links: Links, firewall: Firewall | Missing) -> Outside | None:
    uplink, networks = uplink_of(links), free_networks(links, firewall)
    return None if uplink is None or not networks else behind(uplink, networks[0], _PEER_NUMBER)


def _server(peer: Outside) -> dict[str, Any]:
    args = {"port": _PEER_PORT}
    net = {"net": "bridge", "bridge": peer.place}
    return {"id": "peer", **net, "builtin": "greet", "args": args, "background": True, "ready": "ready"}


def networks_out(networks: Networks) -> tuple[Network, ...]:
    """Return the networks that the engine masquerades, the default one first, at most 4."""
    able = [
        network
        for network in networks.bridges
        if network.subnets and not network.internal and network.masquerade and network.gateway_mode.startswith("nat")
    ]
    return tuple(sorted(able, key=lambda network: (not network.is_default, network.name)))[:_NETWORKS]


def is_outer(address: str) -> bool:
    """Whether an address is IPv4 and not on this host's loopback."""
    return bool(address) and ":" not in address and not is_loopback(address)


def _servers(dns: HostDns | Missing) -> tuple[str, ...]:
    if isinstance(dns, Missing):
        return ()
    own = () if dns.config is None else dns.config.nameservers
    listed = (server for servers in dns.lists for server in servers.outer)
    return tuple(dict.fromkeys(server for server in (*own, *listed) if is_outer(server)))[:_SERVERS]


def _targets(gateways: Iterable[str], servers: Iterable[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for host in dict.fromkeys((*gateways, *servers)):
        found.append({"kind": "ping", "host": host})
        found += [{"kind": "tcp", "host": host, "port": port} for port in _PORTS]
    found += [{"kind": "dns", "host": server, "port": 53} for server in servers]
    return found


def _judge(
    tested: tuple[Network, ...], targets: list[dict[str, Any]], ended: dict[str, Ended], peer: _Peer
) -> ProbeResult:
    host = ended.get("host")
    names = [f"net{number}" for number, _ in enumerate(tested)]
    problem = not_run(ended.get(name) for name in ("host", *names))
    if problem is not None or host is None:
        return problem or result(Result.ERROR, "no test container was started")
    if peer.not_tried and not peer.not_tried.startswith(NO_WAY) and peer.address:
        return result(Result.ERROR, peer.not_tried)
    from_host = results_of(host)
    inside = {network.name: results_of(ended[name]) for name, network in zip(names, tested, strict=True)}
    met = {} if peer.not_tried else {name: found.pop() for name, found in inside.items() if len(found) > len(targets)}
    evidence = [*_evidence(targets, from_host, inside), *_peer_evidence(peer, met)]
    every = [number for number, one in enumerate(from_host) if one.get("reached")]
    # A firewall may pass only echoes and DNS: connections are better evidence.
    sure = [number for number in every if targets[number]["kind"] == "tcp"] or every
    refused = [number for number, one in enumerate(from_host) if not one.get("reached") and _is_refused(one)]
    where = sorted({str(targets[number]["host"]) for number in sure or refused})
    lost = [name for name, found in inside.items() if where and not _is_out(found, sure, refused)]
    if lost:
        text = f"a container on {_named(lost)} gets no answer from {', '.join(where)}, but the host does"
        return failed(text, evidence, _lost(lost, targets[(sure or refused)[0]]))
    bare = [name for name, one in met.items() if one.get("seen") and one["seen"] not in peer.mine]
    if bare:
        text = f"the address of a container on {_named(bare)} is not masqueraded towards hosts behind {peer.interface}"
        return failed(f"{text}: it gets no replies", evidence, _lost(bare, peer.target))
    silent = [name for name, one in met.items() if not one.get("reached")]
    if not sure:
        return _by_peer(list(inside), met, silent, peer, evidence)
    behind = f", and a host behind {peer.interface}" if met and not silent else ""
    return passed(f"a container on {_named(list(inside))} reached {', '.join(where)}{behind}", evidence)


def _by_peer(
    names: list[str], met: dict[str, dict[str, Any]], silent: list[str], peer: _Peer, evidence: list[Evidence]
) -> ProbeResult:
    """Judge by the probe's own outside host alone: no gateway and no name server accepts connections."""
    if not met:
        text = "the host itself gets no answer from its gateways or name servers"
        return unproven(text, evidence)
    if silent and peer.is_named:
        return unproven(f"firewall rules match addresses like {peer.address}, and no other address is free", evidence)
    if silent:
        text = f"a container on {_named(silent)} gets no answer from a host behind {peer.interface}"
        return failed(text, evidence, _lost(silent, peer.target))
    text = f"a container on {_named(names)} reached a host behind {peer.interface}"
    return passed(f"{text}; gateways and name servers refuse connections, even from the host", evidence)


def _evidence(
    targets: list[dict[str, Any]], from_host: list[dict[str, Any]], inside: dict[str, list[dict[str, Any]]]
) -> list[Evidence]:
    return [
        Evidence(
            f"{target['kind']} {target['host']}" + (f":{target['port']}" if "port" in target else ""),
            "; ".join(
                [f"host: {target_word(from_host[number])}"]
                + [f"{name}: {target_word(found[number])}" for name, found in inside.items()]
            ),
        )
        for number, target in enumerate(targets)
        if _answers(from_host[number]) or any(_answers(found[number]) for found in inside.values())
    ]


def _peer_evidence(peer: _Peer, met: dict[str, dict[str, Any]]) -> list[Evidence]:
    if not met:
        source = (
            f"not tried: a host behind {peer.interface}" if peer.interface else "not tried: a host behind an uplink"
        )
        return [Evidence(source, peer.not_tried or "this host has none")]
    words = (
        f"{name}: {target_word(one)}" + (f", sees {one['seen']}" if one.get("seen") else "")
        for name, one in met.items()
    )
    return [Evidence(f"a host of the probe's own behind {peer.interface}, {peer.address}", "; ".join(words))]


def _is_out(found: list[dict[str, Any]], sure: list[int], refused: list[int]) -> bool:
    """Whether a container got an answer that the host got too, or, without any, whether both were refused."""
    if sure:
        return any(found[number].get("reached") for number in sure)
    return any(_is_refused(found[number]) for number in refused)


def _answers(one: dict[str, Any]) -> bool:
    return bool(one.get("reached")) or one.get("errno") is not None


def _is_refused(one: dict[str, Any]) -> bool:
    return target_word(one) == "refused"


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"each of {', '.join(names)}"
