"""Judges the results of an outside client on published ports, and the address that their servers saw."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.api import Evidence
from doctor.facts.network.networks import Network
from doctor.formats.firewall.iptables_save import Rule
from doctor.model.missing import Missing
from doctor.model.outcome import Result
from doctor.model.probe_result import LostWay, ProbeResult
from doctor.model.probing import Ended
from doctor.probes import _port_local
from doctor.probes._cuts import PacketCut, Path, cut, cut_for_it_alone, from_source
from doctor.probes._outside import Outside
from doctor.probes._port_setting import SERVER_PORT, AskedPort, PortSetting, SilentPort
from doctor.probes._result import failed, not_run, passed, result, results_of, target_word, unproven

_SHOWN = 3


class _PortResults(Struct):
    """The results so far, as sentences for people.

    Attributes:
        closed: about new ports that an administrator's rules close on purpose.
        shows_ports: whether a port of a container answered an outside client, so that no new one is needed as a proof.
    """

    good: list[str]
    bad: list[str]
    open: list[str]
    closed: list[str]
    evidence: list[Evidence]
    notes: list[str]
    shows_ports: bool = False
    is_ours: bool = False
    own_ends: frozenset[str] = frozenset()
    ways: list[LostWay] = []

    def lost(self, sentence: str, way: LostWay, *, by_others: bool = False) -> None:
        """Record a failure, and the way on which packets were lost."""
        self.bad.append(sentence)
        self.ways.append(way)
        self.is_ours = self.is_ours or not by_others


def judge(setting: PortSetting, ended: dict[str, Ended]) -> ProbeResult:
    """Return the result; the message lists several problems, worst first."""
    names = [f"client{number}" for number, _ in enumerate(setting.clients)]
    wanted = (*names, "server", "seen-server") if setting.network is not None else tuple(names)
    problem = not_run(ended.get(name) for name in wanted)
    if problem is not None:
        return problem
    met: dict[str, tuple[list[dict[str, Any]], bool]] = {}
    for name, client in zip(names, setting.clients, strict=True):
        targets = results_of(ended[name])
        if len(targets) != len(setting.targets(client)):
            said = ended[name].stderr.strip() or "no output"
            return result(Result.ERROR, f"the outside client printed no results: {said}")
        met[client.client] = (targets[:-1], any(_is_heard(target) for target in targets))
    return _verdict(setting, _gathered(setting, ended, met))


def _gathered(
    setting: PortSetting, ended: dict[str, Ended], met: dict[str, tuple[list[dict[str, Any]], bool]]
) -> _PortResults:
    found = _PortResults(good=[], bad=[], open=[], closed=[], evidence=[], notes=[])
    sees_client: bool | None = None
    local = _port_local.answers(setting.local, ended)
    found.own_ends = frozenset(str(target.get("local")) for _, target in local)
    if setting.network is not None:
        targets, is_heard = met[setting.client.client]
        sees_client = _own(setting, setting.network, targets.pop(0), ended["seen-server"], found, is_heard=is_heard)
        if setting.udp_client is not None:
            _own_udp(setting, setting.network, setting.udp_client, ended, found)
    for one in setting.asked:
        targets, is_heard = met[one.client.client]
        seen = ended.get(f"seen-{one.endpoint.container_id[:12]}")
        _published(setting, one, targets.pop(0), seen, found, sees_client=sees_client, is_heard=is_heard)
    for one, target in local:
        _local(one, target, ended.get(f"seen-{one.endpoint.container_id[:12]}"), found)
    for left in setting.left_out:
        ports = ", ".join(left.ports)
        found.evidence.append(Evidence(f"not tried: {left.why}", ports))
        if left.is_said:
            found.notes.append(f"not tried: {ports} ({left.why})")
    if setting.not_tried and setting.uplink:
        text = f"not tried: packets from outside on {setting.uplink}; their rules were evaluated instead"
        found.evidence.append(Evidence(text, setting.not_tried))
        found.notes.append(text)
    return found


def _verdict(setting: PortSetting, found: _PortResults) -> ProbeResult:
    if found.bad:
        return replace(failed(_joined(found.bad), found.evidence, found.ways), by_others=not found.is_ours)
    if found.open or (found.closed and not found.shows_ports):
        return unproven(_joined((*found.open, *found.closed, *found.good)), found.evidence)
    if found.good:
        by = f" on {setting.client.interface}" if setting.client.is_real else ""
        notes = "".join(f"; {note}" for note in (*found.closed, *found.notes))
        return passed(_joined([text + by for text in found.good]) + notes, found.evidence)
    return unproven(_joined(found.notes) or "no port could be tested", found.evidence)


def _joined(sentences: Sequence[str]) -> str:
    """Return the first few in one line; the evidence lists all of them."""
    more = f"; and {len(sentences) - _SHOWN} more" if len(sentences) > _SHOWN else ""
    return "; ".join(sentences[:_SHOWN]) + more


def _is_heard(target: dict[str, Any]) -> bool:
    """Whether any reply arrived: then packets pass the client's interface in both directions."""
    return bool(target.get("reached")) or target.get("errno") is not None


def _own(
    setting: PortSetting, network: Network, target: dict[str, Any], seen: Ended, found: _PortResults, *, is_heard: bool
) -> bool | None:
    """Judge the probe's own port; returns whether its server saw the client's own address, ``None`` if unknown."""
    by = (
        "the engine's rules"
        if setting.way.kind == "chain"
        else "doctor's own rules (the engine has not created any yet)"
    )
    word = target_word(target)
    peers = _peers(seen, SERVER_PORT, target)
    shown = ", ".join(peers) or "nobody"
    source = f"test port on {network.name}, by {by}"
    value = f"from {setting.client.client} on {setting.client.interface}: {word}; the server sees {shown}"
    found.evidence.append(Evidence(source, value))
    path, rule = setting.own_path(setting.client.client)
    if not target.get("reached"):
        title = f"a new port on {network.name}"
        said = SilentPort(title=title, word=word, way=setting.own_way, is_new=True)
        _silent(setting, setting.client, (path, rule), said, found, is_heard=is_heard)
        return None
    # The runtime's own rules are not among those that were read.
    if setting.way.kind == "chain" and not _by_reading(
        setting,
        setting.own_path("", setting.uplink),
        (f"a new port on {network.name}", setting.own_way),
        found,
    ):
        return None
    found.good.append(f"a new port on {network.name} answers an outside host by {by}")
    if peers and setting.client.client not in peers:
        found.notes.append(f"a rule masquerades clients of {network.name} as {shown}")
        return False
    return True if peers else None


def _own_udp(
    setting: PortSetting, network: Network, client: Outside, ended: dict[str, Ended], found: _PortResults
) -> None:
    """Judge the probe's own UDP port, whose packets take the path of datagrams to containers."""
    title = f"a new UDP port on {network.name}"
    server, asked = ended.get("server-udp"), ended.get("client-udp")
    source = f"test UDP port on {network.name}"
    problem = next((one.error for one in (server, asked) if one is not None and one.error), "")
    if asked is None or problem or "ok" not in asked.output:
        found.evidence.append(Evidence(source, f"not tried: {problem or 'the client printed no result'}"))
        return
    word = "answered" if asked.output.get("ok") else str(asked.output.get("error") or "no answer")
    found.evidence.append(Evidence(source, f"from {client.client} on {client.interface}: {word}"))
    if asked.output.get("ok"):
        found.good.append(f"{title} answers an outside host")
        return
    said = SilentPort(title=title, word=word, way=replace(setting.own_way, protocol="udp"), is_new=True)
    _silent(setting, client, setting.udp_path(client.client), said, found, is_heard=True)


def _published(
    setting: PortSetting,
    one: AskedPort,
    target: dict[str, Any],
    seen: Ended | None,
    found: _PortResults,
    *,
    sees_client: bool | None,
    is_heard: bool,
) -> None:
    word = target_word(target)
    number = one.port.container_port
    is_known = seen is not None and not seen.error and bool(seen.output.get("ok"))
    peers = _peers(seen, number, target, found.own_ends) if seen is not None else ()
    listens = is_known and _listens(seen, number)
    about = (
        f"; the server sees {', '.join(peers)}"
        if peers
        else ""
        if listens or not is_known
        else "; no process listens inside"
    )
    value = f"from outside on {one.client.interface}: {word}{about}"
    found.evidence.append(Evidence(f"{one.port.text} of {one.endpoint.container}", value))
    if target.get("reached"):
        is_masked = bool(peers) and one.client.client not in peers and not setting.proxy_only
        if is_masked and sees_client is not False:
            text = f"{one.title} answers through docker-proxy alone: the DNAT rule to the container is missing"
            found.lost(text, one.way("published"))
        elif _by_reading(setting, (setting.path(one, setting.uplink), None), (one.title, one.way("published")), found):
            found.good.append(f"{one.title} answers")
            found.shows_ports = True
        return
    if is_known and not listens and word == "refused":
        found.notes.append(f"{one.title} refuses connections: no process in the container listens on it")
        return
    said = SilentPort(title=one.title, word=word, way=one.way("published"))
    _silent(setting, one.client, (setting.path(one), None), said, found, is_heard=is_heard)


def _listens(seen: Ended | None, number: int) -> bool:
    return seen is not None and not seen.error and number in seen.output.get("listening", ())


def _local(one: AskedPort, target: dict[str, Any], seen: Ended | None, found: _PortResults) -> None:
    """Judge the answer to this host itself; a port that answers nobody was reported with the outside client's."""
    failure = _port_local.lost(one, target, listens=_listens(seen, one.port.container_port))
    if failure is not None and not any(one.title in text for text in found.bad):
        found.lost(failure[0], one.way("loopback", "host-to-container"), by_others=True)
        found.evidence.append(failure[1])


def _silent(
    setting: PortSetting,
    client: Outside,
    way: tuple[Path, Rule | None],
    said: SilentPort,
    found: _PortResults,
    *,
    is_heard: bool,
) -> None:
    """Judge a port that does not answer by the rules that its packets pass."""
    (path, rule), title, word = way, said.title, said.word
    firewall = setting.firewall
    met = PacketCut() if isinstance(firewall, Missing) else cut(firewall, path, rule)
    if not client.is_real and not isinstance(firewall, Missing) and setting.uplink:
        alone = cut_for_it_alone(firewall, path, setting.uplink, rule)
        if alone:
            found.open.append(
                f"{title} can't be tested: '{alone}' drops packets of doctor's test bridge, not of the uplink"
            )
            return
    if _closes(met, title, found, is_new=said.is_new):
        return
    if met.rule and met.is_sure and not met.is_engines:
        text = f"{title} does not answer an outside host ({word}): '{met.rule}' drops packets that arrive on {client.interface}"
        found.lost(text, said.way, by_others=True)
    elif not met.is_sure and not met.is_engines:
        found.open.append(
            f"{title} does not answer an outside host ({word}), perhaps because of rules that can't be evaluated"
        )
    elif not met.rule and client.is_real and not is_heard:
        text = f"no reply leaves by {client.interface}"
        found.lost(f"{title} does not answer an outside host ({word}): {text}", said.way)
    else:
        found.lost(f"{title} does not answer an outside host ({word})", said.way)


def _closes(met: PacketCut, title: str, found: _PortResults, *, is_new: bool) -> bool:
    """Whether an administrator's rules close the port on purpose; notes it."""
    if said := met.closes(title, is_new=is_new):
        (found.closed if is_new and met.is_sure else found.open).append(said)
    return bool(said)


def _by_reading(
    setting: PortSetting, way: tuple[Path, Rule | None], about: tuple[str, LostWay], found: _PortResults
) -> bool:
    """Whether the rules accept packets from the uplink that were tested only on doctor's own bridge; notes why not."""
    if not setting.not_tried or not setting.uplink or isinstance(setting.firewall, Missing):
        return True
    (path, rule), title = way, about[0]
    met = cut(setting.firewall, from_source(None, path), rule)
    if not met.is_sure:
        found.open.append(
            f"{title} answers doctor's test bridge; the rules for packets that arrive on {setting.uplink} can't be evaluated"
        )
    elif met.rule and not _closes(met, title, found, is_new=about[1] == setting.own_way):
        text = f"{title} answers doctor's test bridge, but '{met.rule}' drops packets that arrive on {setting.uplink}"
        found.lost(text, about[1], by_others=not met.is_engines)
    return not met.rule and met.is_sure


def _peers(seen: Ended, port: int, target: dict[str, Any], own_ends: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the peer addresses that a server sees: the client's own connection, else others on its bridge but this host's."""
    table = seen.output.get("seen")
    found = table.get(str(port)) if isinstance(table, dict) else None
    ends = [str(end) for end in found if str(end) not in own_ends] if isinstance(found, list) else []
    local = str(target.get("local") or "")
    client = local.rpartition(":")[0]
    if local and local in ends:
        return (client,)
    return tuple(dict.fromkeys(end.rpartition(":")[0] for end in ends if end.rpartition(":")[0] != client))
