"""Accept rules for containers in a chain of nft that drops their packets: other chains can't override it."""

import json
from collections.abc import Iterator
from typing import Any

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.made_chains import Asks
from doctor.facts.firewall.guard import Guard
from doctor.model.action import Stage
from doctor.model.missing import HostError, Missing, Why
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_MARK = "container-doctor"
_MATCHES = {
    "egress": "iifname {{ {names} }}",
    "reply": "oifname {{ {names} }} ct state established,related",
    "port": "oifname {{ {names} }} ct status dnat",
    "answer": "ct state established,related",
    "proxy-tcp": 'iifname {{ "lo", {names} }} tcp dport {{ {tcp} }}',
    "proxy-udp": 'iifname {{ "lo", {names} }} udp dport {{ {udp} }}',
    "to-bridge": "oifname {{ {names} }}",
    "to-dnat": 'oifname "lo" ct status dnat',
    "frame-in": "meta ibrname {{ {names} }}",
    "frame-out": "meta obrname {{ {names} }}",
}

_DELETE = """
nft -a list chain "$1" "$2" "$3" | sed -n 's/.* comment "'"$4"'" # handle \\([0-9][0-9]*\\)$/\\1/p' |
while read -r handle; do nft delete rule "$1" "$2" "$3" handle "$handle"; done
"""
"""nft deletes only by handle, which the kernel assigns when the rule is added."""


class AcceptInNftChain(Intention, frozen=True, kw_only=True):
    """Add accept rules for the engine's bridges to a base chain: for outgoing packets, replies and published ports.

    Attributes:
        family: family of the table ("inet"); ``table`` and ``chain`` its names.
        bridges: interfaces whose names are safe in a rule.
        traffic: the traffic to accept. At forward: ``egress``, ``reply``, ``port``. At input: ``answer`` and, to ``ports``,
            ``proxy-tcp`` and ``proxy-udp``. At output: ``to-bridge``, ``to-dnat``. In a table of family bridge: ``frame-in``, ``frame-out``.
        ports: published ports, as (protocol, port), which only the engine's proxy listens on.
        handle: handle of the rule to insert them above, 0 for the end of the chain: higher rules stay effective.
        passes: the rule or policy of the table that this traffic bypasses.
    """

    family: str
    table: str
    chain: str
    bridges: tuple[str, ...]
    traffic: tuple[str, ...] = ("egress", "reply", "port")
    ports: tuple[tuple[str, int], ...] = ()
    handle: int = 0
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
        if not isinstance(view, Asks):
            raise HostError(Missing(Why.UNSUPPORTED, "firewall rules need a running host"))
        ask = ("nft", "-j", "list", "table", self.family, self.table)
        listed: dict[str, Any] = json.loads(view.run(ask).stdout)
        numbers = {kind: ", ".join(map(str, self._ports(kind))) for kind in ("tcp", "udp")}
        if any(self._is_ours(entry) for entry in listed["nftables"]):
            return
        names = ", ".join(f'"{bridge}"' for bridge in self.bridges)
        where = f"{self.family} {self.table} {self.chain}"
        # Each is inserted directly above the same rule, or appended, so they are in this order.
        put = f"insert rule {where} handle {self.handle}" if self.handle else f"add rule {where}"
        words = tuple(f"{put} {_MATCHES[word].format(names=names, **numbers)}" for word in self._words())
        _check_kernel(view, words)
        lines = [f'{line} accept comment "{self._mark}"' for line in words]
        yield Run(
            argv=("nft", "-f", "-"),
            stdin=("\n".join(lines) + "\n").encode(),
            undo=(("sh", "-c", _DELETE, "sh", self.family, self.table, self.chain, self._mark),),
            predicts=(Answer(ask=ask, stdout=json.dumps(self._after(listed)).encode()), *self._of_all(view)),
        )

    def _of_all(self, view: Asks) -> Iterator[Answer]:
        """Yield the listing of all tables with the new rules, if anybody asked for it."""
        ask = ("nft", "-j", "list", "ruleset")
        try:
            listed: dict[str, Any] = json.loads(view.run(ask).stdout)
        except (HostError, ValueError):
            return
        yield Answer(ask=ask, stdout=json.dumps(self._after(listed)).encode())

    def _words(self) -> tuple[str, ...]:
        return tuple(word for word in _MATCHES if word in self.traffic)

    def _ports(self, protocol: str) -> tuple[int, ...]:
        return tuple(dict.fromkeys(port for kind, port in self.ports if kind == protocol))

    def _after(self, listed: dict[str, Any]) -> dict[str, Any]:
        """Return the listing with the new rules."""
        entries = list(listed["nftables"])
        place = next(
            (number for number, entry in enumerate(entries) if self.handle and self._is_above(entry.get("rule", {}))),
            len(entries),
        )
        names = {"set": list(self.bridges)}
        inner = {"set": ["lo", *self.bridges]}
        into = _match({"meta": {"key": "oifname"}}, "==", names)
        known = _match({"ct": {"key": "state"}}, "in", ["established", "related"])
        new = {
            "egress": [_match({"meta": {"key": "iifname"}}, "==", names)],
            "reply": [into, known],
            "port": [into, _match({"ct": {"key": "status"}}, "in", "dnat")],
            "answer": [known],
            "to-bridge": [into],
            "to-dnat": [
                _match({"meta": {"key": "oifname"}}, "==", "lo"),
                _match({"ct": {"key": "status"}}, "in", "dnat"),
            ],
            "frame-in": [_match({"meta": {"key": "ibrname"}}, "==", names)],
            "frame-out": [_match({"meta": {"key": "obrname"}}, "==", names)],
        }
        for kind in ("tcp", "udp"):
            port = _match({"payload": {"protocol": kind, "field": "dport"}}, "==", {"set": list(self._ports(kind))})
            new[f"proxy-{kind}"] = [_match({"meta": {"key": "iifname"}}, "==", inner), port]
        entries[place:place] = [{"rule": self._rule(new[word])} for word in self._words()]
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
