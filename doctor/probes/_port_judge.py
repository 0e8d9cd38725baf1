"""Judges what an outside client met on published ports, and which address their servers saw."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from doctor.api import Evidence
from doctor.facts.firewall import Firewall
from doctor.facts.networks import Endpoint, Network, PublishedPort
from doctor.formats.iptables_save import Rule
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.probing import Ended
from doctor.model.report import ProbeResult
from doctor.probes._outside import Outside, cut_for_it_alone, packet_to
from doctor.probes._result import failed, not_run, passed, result, results_of, skipped, target_word
from doctor.probes._rules import CHAIN, Way

SERVER_PORT = 8080
_SHOWN = 3
_SERVER = "192.0.0.8"
"""Stands for the probe's own server in a walk through the rules (RFC 7600's dummy address): no rule names it."""


class Asked(Struct, frozen=True, kw_only=True):
    """A published port of a running container: asked at ``address``; ``pid`` is the container's, 0 where unknown."""

    network: Network
    endpoint: Endpoint
    port: PublishedPort
    address: str
    pid: int

    @property
    def title(self) -> str:
        """Return it as people name it: "8080 of web"."""
        return f"port {self.port.host_port} of {self.endpoint.container or 'a container'}"


class Setting(Struct, frozen=True, kw_only=True):
    """What was set up.

    Attributes:
        way: how the probe's own port is published; ``network`` its server's, ``None`` where there is no such server.
        asked: ports of running containers.
        uplink: the interface that real clients come by, "" where there is none.
        proxy_only: docker-proxy alone publishes ports here, by the engine's settings.
    """

    way: Way
    network: Network | None
    client: Outside
    asked: tuple[Asked, ...]
    firewall: Firewall | Missing
    uplink: str
    proxy_only: bool


class _Found(Struct):
    """What is known so far: sentences that people read."""

    good: list[str]
    bad: list[str]
    open: list[str]
    evidence: list[Evidence]


def judge(setting: Setting, ended: dict[str, Ended]) -> ProbeResult:
    """Return the result; several problems stand in one message, worst first."""
    client = ended.get("client")
    wanted = ("client", "server", "seen-server") if setting.network is not None else ("client",)
    problem = not_run(ended.get(name) for name in wanted)
    if problem is not None or client is None:
        return problem or result(Result.ERROR, "nothing was launched")
    targets = results_of(client)
    if len(targets) != len(setting.asked) + (setting.network is not None):
        return result(Result.ERROR, f"the outside client said nothing: {client.stderr.strip() or 'no output'}")
    found = _Found(good=[], bad=[], open=[], evidence=[])
    sees_client: bool | None = None
    if setting.network is not None:
        sees_client = _own(setting, setting.network, targets.pop(0), ended["seen-server"], found)
    for one, target in zip(setting.asked, targets, strict=True):
        _published(setting, one, target, ended.get(f"seen-{one.pid}"), found, sees_client=sees_client)
    if found.bad:
        return failed(_joined(found.bad), found.evidence)
    if found.good:
        return passed(_joined((*found.open, *found.good)), found.evidence)
    return skipped(_joined(found.open) or "nothing could be asked", found.evidence)


def _joined(sentences: Sequence[str]) -> str:
    """Return the first few in one line: all of them stand in the evidence."""
    more = f"; and {len(sentences) - _SHOWN} more" if len(sentences) > _SHOWN else ""
    return "; ".join(sentences[:_SHOWN]) + more


def _own(setting: Setting, network: Network, target: dict[str, Any], seen: Ended, found: _Found) -> bool | None:
    """Judge the probe's own port; returns whether its server saw the client's own address, ``None`` where unknown."""
    by = "the engine's rules" if setting.way.kind == "chain" else "rules of doctor's own, the engine has made none yet"
    word = target_word(target)
    peers = _peers(seen, SERVER_PORT, target)
    shown = ", ".join(peers) or "nobody"
    found.evidence.append(
        Evidence(
            f"test port on {network.name}, by {by}", f"from {setting.client.client}: {word}; the server sees {shown}"
        )
    )
    if target.get("reached"):
        if peers and setting.client.client not in peers:
            found.open.append(f"a rule hides the clients of {network.name} behind {shown}")
            return False
        found.good.append(f"a new port on {network.name} answers an outside host by {by}")
        return True if peers else None
    why = _only_us(setting, network, _SERVER, SERVER_PORT, own=setting.way.kind == "chain")
    if why:
        found.open.append(f"a test port can't be judged: '{why}' drops doctor's test bridge and not the real uplink")
    else:
        found.bad.append(f"a new port on {network.name} does not answer an outside host ({word})")
    return None


def _published(
    setting: Setting, one: Asked, target: dict[str, Any], seen: Ended | None, found: _Found, *, sees_client: bool | None
) -> None:
    word = target_word(target)
    number = one.port.container_port
    is_known = seen is not None and not seen.error and bool(seen.output.get("ok"))
    peers = _peers(seen, number, target) if seen is not None else ()
    listens = is_known and seen is not None and number in seen.output.get("listening", ())
    about = (
        f"; the server sees {', '.join(peers)}"
        if peers
        else ""
        if listens or not is_known
        else "; nobody listens inside"
    )
    found.evidence.append(Evidence(f"{one.port.text} of {one.endpoint.container}", f"from outside: {word}{about}"))
    if target.get("reached"):
        is_masked = bool(peers) and setting.client.client not in peers and not setting.proxy_only
        if is_masked and sees_client is not False:
            found.bad.append(
                f"{one.title} answers through docker-proxy alone: the rule that leads to the container is lost"
            )
        else:
            found.good.append(f"{one.title} answers")
        return
    if is_known and not listens and word == "refused":
        found.open.append(f"{one.title} is refused since nobody listens in the container")
        return
    why = _only_us(setting, one.network, one.port.container_ip, number, own=False)
    if why:
        found.open.append(f"{one.title} can't be judged: '{why}' drops doctor's test bridge and not the real uplink")
    else:
        found.bad.append(f"{one.title} does not answer an outside host ({word})")


def _peers(seen: Ended, port: int, target: dict[str, Any]) -> tuple[str, ...]:
    """Return the addresses that a server sees at the far end: the client's own connection, else others of its bridge."""
    table = seen.output.get("seen")
    found = table.get(str(port)) if isinstance(table, dict) else None
    ends = [str(end) for end in found] if isinstance(found, list) else []
    local = str(target.get("local") or "")
    client = local.rpartition(":")[0]
    if local and local in ends:
        return (client,)
    return tuple(dict.fromkeys(end.rpartition(":")[0] for end in ends if end.rpartition(":")[0] != client))


def _only_us(setting: Setting, network: Network, address: str, port: int, *, own: bool) -> str:
    """Return the rule that cuts off the probe's bridge and no real client, "" where there is none or nothing to compare."""
    if isinstance(setting.firewall, Missing) or not setting.uplink:
        return ""
    rule = None
    if own:
        text = f"-A {CHAIN} -d {address}/32 ! -i {network.bridge} -o {network.bridge} -p tcp --dport {port} -j ACCEPT"
        rule = Rule(table="filter", chain=CHAIN, text=text, line=0)
    way = packet_to(address, port, network.bridge, setting.client)
    return cut_for_it_alone(setting.firewall, way, setting.uplink, rule)
