"""Accept rules for containers in a chain of nft that drops their packets: other chains can't override it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.made_chains import Asks, asking
from doctor.facts.firewall.guard import Guard
from doctor.model.action import Stage
from doctor.model.missing import HostError, Missing, Why
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_MARK = "container-doctor"
_QUESTIONS = ("nd-neighbor-solicit", "nd-neighbor-advert")
_DROP = re.compile(r'(?P<when>.+?) (?:drop|reject(?: with [a-z0-9 -]+)?)(?: comment "[^"]*")?$')
_MORE = re.compile(r"\b(?:vmap|log|limit|quota|set|update|add|xt|queue|dup|fwd)\b")
"""Statements that a second rule must not repeat, or that are not conditions."""

_DELETE = """
nft -a list chain "$1" "$2" "$3" | sed -n 's/.* comment "'"$4"'" # handle \\([0-9][0-9]*\\)$/\\1/p' |
while read -r handle; do nft delete rule "$1" "$2" "$3" handle "$handle"; done
"""
"""nft deletes only by handle, which the kernel assigns when the rule is added."""


class _Accept(Struct, frozen=True):
    """The conditions of one accept: as text, and as nft lists them in JSON."""

    text: str
    expressions: list[dict[str, Any]]

    def only(self, when: str, expressions: list[dict[str, Any]]) -> "_Accept":
        """Return it for packets that have further conditions too."""
        return _Accept(f"{self.text} {when}", [*self.expressions, *expressions])


class AcceptInNftChain(Intention, frozen=True, kw_only=True):
    """Add accept rules for the engine's bridges to a base chain: for outgoing packets, replies and published ports.

    Attributes:
        family: family of the table ("inet"); ``table`` and ``chain`` its names.
        bridges: interfaces whose names are safe in a rule.
        traffic: the traffic to accept. At forward: ``egress``, ``reply``, ``port``. At input: ``answer`` and, to ``ports``,
            ``proxy-tcp`` and ``proxy-udp``. Anywhere: ``neighbours``, the questions for IPv6 addresses. At output: ``to-bridge``, ``to-dnat``. In a table of family bridge: ``frame-in``, ``frame-out``.
        ports: published ports, as (protocol, port, address or "" for any), which only the engine's proxy listens on.
        handle: handle of the rule to insert them above, 0 for the end of the chain: higher rules stay effective.
        rule: its text: only packets that it drops are accepted, so that the rules below it stay effective, too.
        passes: the rule or policy of the table that this traffic bypasses.
    """

    family: str
    table: str
    chain: str
    bridges: tuple[str, ...]
    traffic: tuple[str, ...] = ("egress", "reply", "port")
    ports: tuple[tuple[str, int, str], ...] = ()
    handle: int = 0
    rule: str = ""
    passes: tuple[Guard, ...] = ()
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect and its limit."""
        return (
            f"accept containers' packets in chain {self.chain} of table {self.family} {self.table}, until that table is"
            " reloaded: add the same rules to its file"
        )

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one nft transaction, nothing if the rules exist."""
        view = asking(view)
        ask = ("nft", "-j", "list", "table", self.family, self.table)
        listed: dict[str, Any] = json.loads(view.run(ask).stdout)
        if any(self._is_ours(entry) for entry in listed["nftables"]):
            return
        where = f"{self.family} {self.table} {self.chain}"
        # Each is inserted directly above the same rule, or appended, so they are in this order.
        put = f"insert rule {where} handle {self.handle}" if self.handle else f"add rule {where}"
        accepts = self._accepts(listed)
        words = tuple(f"{put} {one.text}" for one in accepts)
        _check_kernel(view, words)
        lines = [f'{line} accept comment "{self._mark}"' for line in words]
        yield Run(
            argv=("nft", "-f", "-"),
            stdin=("\n".join(lines) + "\n").encode(),
            undo=(("sh", "-c", _DELETE, "sh", self.family, self.table, self.chain, self._mark),),
            predicts=(
                Answer(ask=ask, stdout=json.dumps(self._after(listed, accepts)).encode()),
                *self._of_all(view, accepts),
            ),
        )

    def _of_all(self, view: Asks, accepts: tuple[_Accept, ...]) -> Iterator[Answer]:
        """Yield the listing of all tables with the new rules, if anybody asked for it."""
        ask = ("nft", "-j", "list", "ruleset")
        try:
            listed: dict[str, Any] = json.loads(view.run(ask).stdout)
        except (HostError, ValueError):
            return
        yield Answer(ask=ask, stdout=json.dumps(self._after(listed, accepts)).encode())

    def _accepts(self, listed: dict[str, Any]) -> tuple[_Accept, ...]:
        """Return the accepts, in order."""
        whole = _drop_of(self.rule) if self.handle else ""
        above: dict[str, Any] = next(
            (entry["rule"] for entry in listed["nftables"] if self._is_above(entry.get("rule", {}))), {}
        )
        plain = tuple(one for word, one in _wanted(self.bridges).items() if word in self.traffic)
        if whole and above.get("expr"):
            conditions = [one for one in above["expr"][:-1] if "counter" not in one]
            plain = tuple(one.only(whole, conditions) for one in plain)
        return (*plain, *self._proxies())

    def _proxies(self) -> Iterator[_Accept]:
        """Yield the accepts for published ports at the host's own addresses: another address may have a program of the host."""
        groups: dict[tuple[str, str], list[int]] = {}
        for kind, port, address in dict.fromkeys(self.ports):
            if f"proxy-{kind}" in self.traffic:
                groups.setdefault((kind, address), []).append(port)
        inner = _set(("lo", *self.bridges))
        for (kind, address), ports in groups.items():
            version = "ip6" if ":" in address else "ip"
            text = f"iifname {inner}{f' {version} daddr {address}' if address else ''} {kind} dport {{ {', '.join(map(str, ports))} }}"
            found = [_match({"meta": {"key": "iifname"}}, "==", {"set": ["lo", *self.bridges]})]
            if address:
                found.append(_match({"payload": {"protocol": version, "field": "daddr"}}, "==", address))
            found.append(_match({"payload": {"protocol": kind, "field": "dport"}}, "==", {"set": ports}))
            yield _Accept(text, found)

    def _after(self, listed: dict[str, Any], accepts: tuple[_Accept, ...]) -> dict[str, Any]:
        """Return the listing with the new rules."""
        entries = list(listed["nftables"])
        place = next(
            (number for number, entry in enumerate(entries) if self.handle and self._is_above(entry.get("rule", {}))),
            len(entries),
        )
        entries[place:place] = [{"rule": self._rule(one.expressions)} for one in accepts]
        return {"nftables": entries}

    @property
    def _mark(self) -> str:
        """The comment of the new rules: one for each rule that they are above."""
        return f"{_MARK} {self.handle}" if self.handle else _MARK

    def _is_ours(self, entry: dict[str, Any]) -> bool:
        rule = entry.get("rule", {})
        return bool(rule.get("chain") == self.chain and rule.get("comment") == self._mark)

    def _is_above(self, rule: dict[str, Any]) -> bool:
        place = (rule.get("family"), rule.get("table"), rule.get("handle"))
        return place == (self.family, self.table, self.handle)

    def _rule(self, expressions: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "family": self.family,
            "table": self.table,
            "chain": self.chain,
            "handle": 0,
            "comment": self._mark,
            "expr": [*expressions, {"accept": None}],
        }


def _drop_of(rule: str) -> str:
    """Return the conditions of a rule that only drops, "" for any other rule and for one without conditions.

    >>> _drop_of("ip saddr @bad counter drop"), _drop_of("counter drop"), _drop_of('log prefix "x" drop')
    ('ip saddr @bad', '', '')
    """
    found = _DROP.fullmatch(re.sub(r"\bcounter ", "", rule))
    return "" if found is None or _MORE.search(found["when"]) else found["when"]


def _set(names: tuple[str, ...]) -> str:
    return "{ " + ", ".join(f'"{name}"' for name in names) + " }"


def _wanted(bridges: tuple[str, ...]) -> dict[str, _Accept]:
    """Return the accept for each kind of traffic but published ports at the host itself."""
    names, listed = _set(bridges), {"set": list(bridges)}
    # Answers to the host's own connections elsewhere are no traffic of containers.
    inner = _match({"meta": {"key": "iifname"}}, "==", {"set": ["lo", *bridges]})
    into = _match({"meta": {"key": "oifname"}}, "==", listed)
    known = _match({"ct": {"key": "state"}}, "in", ["established", "related"])
    translated = _match({"ct": {"key": "status"}}, "in", "dnat")
    kind = {"payload": {"protocol": "icmpv6", "field": "type"}}
    local = _match({"meta": {"key": "oifname"}}, "==", "lo")
    return {
        "egress": _Accept(f"iifname {names}", [_match({"meta": {"key": "iifname"}}, "==", listed)]),
        "reply": _Accept(f"oifname {names} ct state established,related", [into, known]),
        "port": _Accept(f"oifname {names} ct status dnat", [into, translated]),
        "answer": _Accept(f"iifname {_set(('lo', *bridges))} ct state established,related", [inner, known]),
        # Those hold on one link only, whichever it is.
        "neighbours": _Accept(
            f"icmpv6 type {{ {', '.join(_QUESTIONS)} }}", [_match(kind, "==", {"set": [*_QUESTIONS]})]
        ),
        "to-bridge": _Accept(f"oifname {names}", [into]),
        "to-dnat": _Accept('oifname "lo" ct status dnat', [local, translated]),
        "frame-in": _Accept(f"meta ibrname {names}", [_match({"meta": {"key": "ibrname"}}, "==", listed)]),
        "frame-out": _Accept(f"meta obrname {names}", [_match({"meta": {"key": "obrname"}}, "==", listed)]),
    }


def _check_kernel(view: Asks, lines: tuple[str, ...]) -> None:
    """Raise if this kernel can't match a bridge (nft_meta_bridge)."""
    if not any(" meta ibrname " in line or " meta obrname " in line for line in lines):
        return
    try:
        trial = view.run(
            ("nft", "-c", "-f", "-"), stdin=("\n".join(f"{line} accept" for line in lines) + "\n").encode()
        )
    except HostError:
        return
    if trial.exit:
        raise HostError(Missing(Why.UNSUPPORTED, "this kernel can't match a bridge by its name (no nft_meta_bridge)"))


def _match(left: dict[str, Any], operator: str, right: Any) -> dict[str, Any]:
    return {"match": {"op": operator, "left": left, "right": right}}
