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
}

_DELETE = """
set -- "$1" "$2" "$3"
nft -a list chain "$1" "$2" "$3" | sed -n 's/.* comment "container-doctor" # handle \\([0-9][0-9]*\\)$/\\1/p' |
while read -r handle; do nft delete rule "$1" "$2" "$3" handle "$handle"; done
"""
"""nft deletes only by handle, which the kernel assigns when the rule is added."""


class AcceptInNftChain(Intention, frozen=True, kw_only=True):
    """Add accept rules for the engine's bridges to a base chain: for outgoing packets, replies and published ports.

    Attributes:
        family: family of the table ("inet"); ``table`` and ``chain`` its names.
        bridges: interfaces whose names are safe in a rule.
        traffic: the traffic to accept: ``egress``, ``reply``, ``port``.
        handle: handle of the rule to insert them above, 0 for the end of the chain: higher rules stay effective.
        passes: the rule or policy of the table that this traffic bypasses.
    """

    family: str
    table: str
    chain: str
    bridges: tuple[str, ...]
    traffic: tuple[str, ...] = ("egress", "reply", "port")
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
        if any(_is_ours(entry, self.chain) for entry in listed["nftables"]):
            return
        names = ", ".join(f'"{bridge}"' for bridge in self.bridges)
        where = f"{self.family} {self.table} {self.chain}"
        # Each is inserted directly above the same rule, or appended, so they are in this order.
        put = f"insert rule {where} handle {self.handle}" if self.handle else f"add rule {where}"
        lines = [f'{put} {_MATCHES[word].format(names=names)} accept comment "{_MARK}"' for word in self._words()]
        yield Run(
            argv=("nft", "-f", "-"),
            stdin=("\n".join(lines) + "\n").encode(),
            undo=(("sh", "-c", _DELETE, "sh", self.family, self.table, self.chain),),
            predicts=(Answer(ask=ask, stdout=json.dumps(self._after(listed)).encode()),),
        )

    def _words(self) -> tuple[str, ...]:
        return tuple(word for word in _MATCHES if word in self.traffic)

    def _after(self, listed: dict[str, Any]) -> dict[str, Any]:
        """Return the listing with the new rules."""
        entries = list(listed["nftables"])
        place = next(
            (
                number
                for number, entry in enumerate(entries)
                if self.handle and entry.get("rule", {}).get("handle") == self.handle
            ),
            len(entries),
        )
        names = {"set": list(self.bridges)}
        into = _match({"meta": {"key": "oifname"}}, "==", names)
        new = {
            "egress": [_match({"meta": {"key": "iifname"}}, "==", names)],
            "reply": [into, _match({"ct": {"key": "state"}}, "in", ["established", "related"])],
            "port": [into, _match({"ct": {"key": "status"}}, "in", "dnat")],
        }
        entries[place:place] = [{"rule": self._rule(new[word])} for word in self._words()]
        return {"nftables": entries}

    def _rule(self, expressions: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "family": self.family,
            "table": self.table,
            "chain": self.chain,
            "handle": 0,
            "comment": _MARK,
            "expr": [*expressions, {"accept": None}],
        }


def _match(left: dict[str, Any], operator: str, right: Any) -> dict[str, Any]:
    return {"match": {"op": operator, "left": left, "right": right}}


def _is_ours(entry: dict[str, Any], chain: str) -> bool:
    rule = entry.get("rule", {})
    return bool(rule.get("chain") == chain and rule.get("comment") == _MARK)
