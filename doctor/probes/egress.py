"""A container on each of the engine's bridges reaches the outside."""

from collections.abc import Iterable
from typing import Any

from doctor.api import Evidence, Missing, probe
from doctor.facts.dns import HostDns, is_loopback
from doctor.facts.engine import EngineConfig
from doctor.facts.engine_state import EngineState
from doctor.facts.firewall import Firewall
from doctor.facts.links import Links
from doctor.facts.networks import Network, Networks
from doctor.facts.sysctl import Sysctl
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.report import ProbeResult
from doctor.probes._result import failed, not_run, passed, results_of, skipped, target_word, unproven
from doctor.probes._rules import start_of

_PORTS = (53, 80, 443)
_GATEWAYS = 2
_SERVERS = 2
_NETWORKS = 4
_LIMIT_S = 1.5


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
    """From the host and from a container on each network, speak to the host's gateways and name servers.

    What the host reaches, a container must: the host's own rules carry its packets, the runtime adds none but on a host
    whose engine has not started yet and makes them only then. Only an answer
    that the far end alone can give counts (a connection, a DNS answer, an echo): a refusal may be a firewall's reject. Where
    the host gets nothing but refusals there, a container that gets none is cut off, and one that gets them too proves nothing.

    Networks that hide no address (``enable_ip_masquerade`` false, routed) are left out: whether answers find back is up to
    the routers outside.
    """
    tested = networks_out(networks)
    if not tested:
        return skipped("the engine has no bridge network that leads outside")
    start = start_of(config, state, firewall, networks, sysctl)
    if start.why_not:
        return unproven(start.why_not)
    gateways = dict.fromkeys(route.gateway for route in links.defaults if is_outer(route.gateway))
    targets = _targets(tuple(gateways)[:_GATEWAYS], _servers(dns))
    if not targets:
        return skipped("the host has no gateway and no name server to speak to")
    work: dict[str, Any] = {"builtin": "reach", "args": {"targets": targets, "timeout_s": _LIMIT_S}}
    containers = [{"id": "host", "net": "host", **work}]
    work |= start.container
    containers += [{"id": f"net{n}", "net": f"network:{one.id}", **work} for n, one in enumerate(tested)]
    ended = yield Launch(tuple(containers))
    return _judge(tested, targets, ended)


def networks_out(networks: Networks) -> tuple[Network, ...]:
    """Return the networks whose containers the engine gives the host's address outside, the default one first, at most 4."""
    able = [
        network
        for network in networks.bridges
        if network.subnets and not network.internal and network.masquerade and network.gateway_mode.startswith("nat")
    ]
    return tuple(sorted(able, key=lambda network: (not network.is_default, network.name)))[:_NETWORKS]


def is_outer(address: str) -> bool:
    """Whether an address is an IPv4 one that is not this host's loopback."""
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


def _judge(tested: tuple[Network, ...], targets: list[dict[str, Any]], ended: dict[str, Ended]) -> ProbeResult:
    host = ended.get("host")
    names = [f"net{number}" for number, _ in enumerate(tested)]
    problem = not_run(ended.get(name) for name in ("host", *names))
    if problem is not None or host is None:
        return problem or skipped("nothing was launched")
    from_host = results_of(host)
    inside = {network.name: results_of(ended[name]) for name, network in zip(names, tested, strict=True)}
    evidence = [
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
    every = [number for number, one in enumerate(from_host) if one.get("reached")]
    # A firewall may let echoes and names through and nothing else: connections weigh more.
    sure = [number for number in every if targets[number]["kind"] == "tcp"] or every
    refused = [number for number, one in enumerate(from_host) if not one.get("reached") and _is_refused(one)]
    where = sorted({str(targets[number]["host"]) for number in sure or refused})
    if not where:
        return skipped(
            "the host itself gets no answer from its gateway or name servers, so nothing can be compared", evidence
        )
    lost = [name for name, found in inside.items() if not _is_out(found, sure, refused)]
    if lost:
        return failed(f"a container on {_named(lost)} gets no answer from {', '.join(where)}, the host does", evidence)
    if not sure:
        return skipped(
            f"{', '.join(where)} only refuses, which a firewall of this host could do as well: nothing is proven",
            evidence,
        )
    return passed(f"a container on {_named(list(inside))} reached {', '.join(where)}", evidence)


def _is_out(found: list[dict[str, Any]], sure: list[int], refused: list[int]) -> bool:
    """Whether a container got an answer where the host did; without such, whether it was refused where the host was."""
    if sure:
        return any(found[number].get("reached") for number in sure)
    return any(_is_refused(found[number]) for number in refused)


def _answers(one: dict[str, Any]) -> bool:
    return bool(one.get("reached")) or one.get("errno") is not None


def _is_refused(one: dict[str, Any]) -> bool:
    return target_word(one) == "refused"


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"each of {', '.join(names)}"
