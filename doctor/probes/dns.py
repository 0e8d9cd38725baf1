"""Name resolution works in a container."""

from collections.abc import Iterable
from errno import EHOSTUNREACH
from typing import Any

from doctor.api import Evidence, Message, Missing, probe
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.files import RuntimeStates
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.dns import RESOLVED, HostDns, is_loopback
from doctor.facts.network.networks import Networks
from doctor.facts.path.resolv_files import ResolvFiles
from doctor.model.probe_result import LostWay, ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.model.text import plural
from doctor.probes._place import bridge_network
from doctor.probes._result import failed, failed_beyond, not_run, passed, results_of, skipped, target_word, unproven
from doctor.probes._rules import start_of

_PUBLIC = ("8.8.8.8", "8.8.4.4")
"""The servers of a container on the default bridge if the host has no reachable server (moby resolvconf)."""
_EMBEDDED = "127.0.0.11"
_MOST_SERVERS = 3
_MOST_CONTAINERS = 4
_LIMIT_S = 1.5
_KINDS = ("dns", "egress-new", "egress")
_NAME = "doctor.invalid"
"""Never exists (RFC 6761): the answer is NXDOMAIN, and the query discloses nothing."""


@probe(
    proves="names resolve in a container",
    messages=(
        Message(
            pattern=r"Temporary failure (?:in name resolution|resolving)\b.*|server misbehaving|lookup \S+ on (?!127\.|\[::1\])\S+:53: (?:no such host|(?:read|dial) udp .*: i/o timeout|(?:read|dial) udp|i/o timeout|server misbehaving)|lookup \S+: (?:no such host|Temporary failure.*|i/o timeout)|(?:DNS|name) resolution\b.{0,20}\b(?:not work|fail|broken|does ?n.t work)\w*.*|could not resolve host\b.*",
            example="dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: read udp 10.0.0.9:39049->10.0.0.2:53: i/o timeout",
            means="name resolution fails: no server is named, or the server does not answer or can't be reached",
            do="compare 'getent hosts registry-1.docker.io' on the host and in a container with 'doctor probe dns'",
            also=(
                "dns/resolv-dangling",
                "dns/daemon-dns-loopback",
                "dns/resolver-dead",
                "dns/resolv-loopback-only",
                "network/ip-forward-off",
                "firewall/masquerade-missing",
            ),
            apart="whether the host itself resolves names; if only containers fail, the firewall or forwarding is at fault",
        ),
    ),
)
def dns(  # noqa: PLR0917 - a probe's parameters are the facts it stands on
    networks: Networks,
    host: HostDns,
    config: EngineConfig,
    state: EngineState | Missing,
    containers: Containers | Missing,
    runtimes: RuntimeStates | Missing,
    firewall: Firewall | Missing,
    sysctl: Sysctl | Missing,
    files: ResolvFiles | Missing,
) -> Probing:
    """Query the name servers that a container would use, from a container on the engine's bridge and from the host.

    A container on the default bridge gets the daemon's ``dns``, else the servers of the host's resolv.conf without those on
    the loopback (resolved's own list if resolv.conf has only its stub), else 8.8.8.8 and 8.8.4.4. Any answer counts, also
    that the name does not exist, but not an error (SERVFAIL, REFUSED). One answering server is enough, unless the first one is silent for
    everyone: each lookup then waits for it. The host's own resolver is
    queried too: if it answers and no server of the container does, resolution fails only in the container. If no server
    answers anyone, the cause is outside this host and no repair of it can help.
    If the engine runs, its embedded server is queried inside running containers on user-defined networks.
    """
    network = bridge_network(networks)
    if network is None:
        return skipped("the engine has no bridge network")
    start = start_of(config, state, firewall, networks, sysctl)
    if start.why_not:
        return unproven(start.why_not)
    servers, why = servers_of(host, config)
    own = _own(host)
    if not servers:
        return failed(f"{why} has no IPv4 server, and a container on an IPv4 bridge can't use another")
    asked = _embedded(networks, containers, runtimes, state, files)
    launched = [
        {"id": "host", "net": "host", **_ask(dict.fromkeys((*own, *servers)))},
        {"id": "inside", "net": f"network:{network.id}", **_ask(servers), **start.container},
    ]
    launched += [
        {"id": f"name{n}", "net": f"container:{process}", **_ask((_EMBEDDED,), name)}
        for n, (name, process) in enumerate(asked)
    ]
    ended = yield Launch(tuple(launched))
    problem = not_run(ended.get(name) for name in ("host", "inside"))
    if problem is not None:
        return problem
    # A container that ended meanwhile can't be joined: it is not counted.
    tried = [(name, one) for n, (name, _) in enumerate(asked) if (one := ended.get(f"name{n}")) and not one.error]
    lost = [name for name, one in tried if not _any(one)]
    return _judge(servers, why, ended, network.name, embedded=(len(tried), lost), has_own=bool(own))


def servers_of(host: HostDns, config: EngineConfig) -> tuple[tuple[str, ...], str]:
    """Return the IPv4 servers of a container on the default bridge, and their source."""
    given = config.get("dns")
    if isinstance(given, list) and given:
        return _plain(str(server) for server in given), "the daemon's dns setting"
    if host.is_stub:
        resolved = next((servers for servers in host.lists if servers.path == RESOLVED), None)
        named, source = (() if resolved is None else resolved.config.nameservers), str(RESOLVED)
    else:
        named, source = (() if host.config is None else host.config.nameservers), "/etc/resolv.conf"
    # A bridge without IPv6 gets no server with an IPv6 address (moby resolvconf, TransformForLegacyNw).
    outer = tuple(server for server in named if not is_loopback(server) and ":" not in server)
    if not outer:
        return _PUBLIC, f"the engine's default, since {source} has no IPv4 server outside this host"
    return _plain(outer), source


def _plain(servers: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(server for server in servers if ":" not in server))[:_MOST_SERVERS]


def _own(host: HostDns) -> tuple[str, ...]:
    return () if host.config is None else _plain(host.config.nameservers)


def _ask(servers: Iterable[str], name: str = _NAME) -> dict[str, Any]:
    targets = [{"kind": "dns", "host": server, "port": 53} for server in servers]
    return {"builtin": "reach", "args": {"targets": targets, "timeout_s": _LIMIT_S, "name": name}}


def _embedded(
    networks: Networks,
    containers: Containers | Missing,
    runtimes: RuntimeStates | Missing,
    state: EngineState | Missing,
    files: ResolvFiles | Missing,
) -> tuple[tuple[str, str], ...]:
    """Return name and process of running containers that use the engine's own server; none if the engine is down."""
    if isinstance(containers, Missing) or isinstance(runtimes, Missing):
        return ()
    if not isinstance(state, EngineState) or not state.is_running:
        return ()
    replaced: frozenset[str] = frozenset() if isinstance(files, Missing) else files.replaced
    found = {}
    for endpoint in networks.running:
        network, container = networks.get(endpoint.network_id), containers.get(endpoint.container_id)
        if (
            network is not None
            and network.is_bridge
            and not network.is_default
            and container is not None
            and container.title not in replaced
        ):
            found[container.name] = runtimes.process(container.id)
    return tuple((name, process) for name, process in sorted(found.items()) if process and _is_host_name(name))[
        :_MOST_CONTAINERS
    ]


def _is_host_name(name: str) -> bool:
    return 0 < len(name) <= 63 and name.isascii()


def _judge(
    servers: tuple[str, ...],
    why: str,
    ended: dict[str, Ended],
    network: str,
    *,
    embedded: tuple[int, list[str]],
    has_own: bool,
) -> ProbeResult:
    from_host = {str(one["host"]): one for one in results_of(ended["host"])}
    inside = {str(one["host"]): one for one in results_of(ended["inside"])}
    evidence = [
        Evidence(
            f"name server {server}",
            f"host: {target_word(one)}"
            + (f"; container on {network}: {target_word(inside[server])}" if server in inside else ""),
        )
        for server, one in from_host.items()
    ]
    count, lost = embedded
    if lost:
        text = f"the engine's name server does not answer in {', '.join(lost)}: names of other containers don't resolve"
        ways = (LostWay(kinds=("dns",), container=name, **_way_to(_EMBEDDED)) for name in lost)
        return failed(text, (*evidence, Evidence(f"{_EMBEDDED} inside {count} containers", "no answer")), ways)
    answered = [server for server, one in inside.items() if _is_usable(one)]
    by = [server for server, one in from_host.items() if _is_usable(one)]
    errors = {
        server: target_word(one) for server, one in inside.items() if one.get("reached") and server not in answered
    }
    if errors and not answered and not by:
        # A resolver that is cut off from the outside, or knows only names of its own, may be what this network wants.
        said = ", ".join(f"{server} {word}" for server, word in errors.items())
        return passed(f"a container on {network} reaches its name servers, but of unknown names {said}", evidence)
    if not answered and not by and not has_own:
        return skipped("this host has no name server, and the engine's default servers do not answer", evidence)
    if not answered and not by:
        asked = ", ".join(from_host)
        return failed_beyond(
            f"names resolve neither in a container nor on the host: no answer from {asked} ({why})", evidence
        )
    if not answered:
        return failed(
            f"names don't resolve in a container on {network}: {_words(servers, errors)} ({why}); the host"
            f" gets answers from {', '.join(by)}",
            evidence,
            [LostWay(kinds=_KINDS, network=network, **_way_to(server)) for server in by if server in servers],
        )
    waits = _first_is_silent(servers, why, inside, from_host, network)
    if waits is not None:
        return failed_beyond(
            waits, (*evidence, Evidence("to do", f"remove {servers[0]} from {_place(why)}, or start it"))
        )
    silent = [server for server in servers if server not in answered]
    slow = f"; {_words(silent, errors)}, which delays lookups" if silent else ""
    own = f"; the engine's name server answered in {plural(count, 'container')}" if count else ""
    return passed(f"a container on {network} got answers from {', '.join(answered)}{own}{slow}", evidence)


def _way_to(server: str) -> dict[str, Any]:
    return {"target": server, "port": 53, "protocol": "udp"}


def _first_is_silent(
    servers: tuple[str, ...],
    why: str,
    inside: dict[str, dict[str, Any]],
    from_host: dict[str, dict[str, Any]],
    network: str,
) -> str | None:
    """Return the problem of a first server that answers nobody: resolvers ask in order, and wait for each (5 s by default)."""
    if not all(_is_silent(seen.get(servers[0], {"reached": True})) for seen in (inside, from_host)):
        return None
    others = ", ".join(server for server in servers if _is_usable(inside.get(server, {})))
    return (
        f"each lookup in a container on {network} and on the host first waits seconds for {servers[0]}, the first server of"
        f" {_place(why)}, which does not answer; {others} does"
    )


def _place(why: str) -> str:
    return why.removeprefix("the engine's default, since ").partition(" has no ")[0]


def _is_silent(one: dict[str, Any]) -> bool:
    """Whether it left the query without an answer: a refusal costs no time."""
    return not one.get("reached") and one.get("errno") in {None, EHOSTUNREACH}


def _is_usable(one: dict[str, Any]) -> bool:
    """Whether a server answered about the name: that it does not exist, as everyone knows, or anything but an error."""
    return bool(one.get("reached")) and one.get("code") in {None, 0, 3}


def _words(servers: Iterable[str], errors: dict[str, str]) -> str:
    silent = [server for server in servers if server not in errors]
    words = [f"no answer from {', '.join(silent)}"] if silent else []
    return ", ".join([*words, *(f"{server} {errors[server]}" for server in servers if server in errors)])


def _any(ended: Ended) -> bool:
    return any(one.get("reached") for one in results_of(ended))
