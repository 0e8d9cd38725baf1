"""Removes one rule of nft by its handle, and opens a chain's policy; an undo restores the same text at the same place."""

import json
from collections.abc import Iterator
from typing import Any

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.made_chains import Asks, asking
from doctor.facts.firewall.guard import Guard
from doctor.formats.firewall import nft_chain
from doctor.formats.firewall.nft_chain import NftLine
from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_RETURN = """
nft -a list chain "$1" "$2" "$3" | grep -q " # handle $4\\$" || nft -f -
"""
"""Only if the rule is gone: the kernel gives a rule that is added again a new handle."""


class DeleteNftRule(Intention, frozen=True, kw_only=True):
    """Remove a rule that belongs to somebody else, because the person at the keyboard decided it.

    Attributes:
        family: family of the table ("inet"); ``table`` and ``chain`` its names.
        handle: number of the rule.
        text: the rule without the numbers of its counters: a handle that has another rule by now is left alone.
        passes: the rule, which traffic bypasses afterwards.
    """

    family: str
    table: str
    chain: str
    handle: int
    text: str
    passes: tuple[Guard, ...] = ()
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect and its limit."""
        return (
            f"remove the rule '{self.text}' (handle {self.handle}) from chain {self.chain} of nft table {self.family} {self.table},"
            " until its owner loads it again (undo adds it at its place, with the counters of now)"
        )

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one command, nothing if the rule is gone or another one has its handle."""
        view = asking(view)
        yield from self.commands(view)

    def commands(self, view: Asks) -> Iterator[Run]:
        """Yield them for the namespace in which ``view`` runs commands."""
        ask = ("nft", "-a", "list", "chain", self.family, self.table, self.chain)
        listed = view.run(ask)
        lines = nft_chain.parse(listed.text)
        place = next((number for number, line in enumerate(lines) if line.handle == self.handle), None)
        if place is None or lines[place].plain != self.text:
            return
        where = f"{self.family} {self.table} {self.chain}"
        # By its place, not by a neighbour's handle: an undo of several removals gives the neighbours new ones.
        put = f"add rule {where} index {place - 1}" if place else f"insert rule {where}"
        yield Run(
            argv=("nft", "delete", "rule", self.family, self.table, self.chain, "handle", str(self.handle)),
            undo=(("sh", "-c", _RETURN, "sh", self.family, self.table, self.chain, str(self.handle)),),
            undo_stdin=(f"{put} {lines[place].text}\n".encode(),),
            predicts=tuple(self._predicted(view, ask, listed.text, lines[place])),
        )

    def _predicted(self, view: Asks, ask: tuple[str, ...], listed: str, line: NftLine) -> Iterator[Answer]:
        """Yield the later answers of the commands that list the rule."""
        text = "\n".join(one for one in listed.split("\n") if not one.endswith(f" # handle {line.handle}"))
        yield Answer(ask=ask, stdout=text.encode())
        for later in (("nft", "-j", "list", "ruleset"), ("nft", "-j", "list", "table", self.family, self.table)):
            try:
                entries: list[dict[str, Any]] = json.loads(view.run(later).stdout)["nftables"]
            except (HostError, ValueError, KeyError, TypeError):
                continue
            left = [entry for entry in entries if not self._is_it(entry)]
            yield Answer(ask=later, stdout=json.dumps({"nftables": left}).encode())

    def _is_it(self, entry: dict[str, Any]) -> bool:
        rule = entry.get("rule", {})
        return (rule.get("family"), rule.get("table"), rule.get("handle")) == (self.family, self.table, self.handle)


class AcceptByNftPolicy(Intention, frozen=True, kw_only=True):
    """Set the policy of a base chain to accept, because the person at the keyboard decided it.

    Attributes:
        family: family of the table; ``table`` and ``chain`` its names.
    """

    family: str
    table: str
    chain: str
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect and its limit."""
        where = f"chain {self.chain} of nft table {self.family} {self.table}"
        return f"set the policy of {where} to accept, for everybody's packets, until its owner loads it again"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one command."""
        view = asking(view)
        yield from self.commands(view)

    def commands(self, view: Asks) -> Iterator[Run]:
        """Yield them for the namespace in which ``view`` runs commands."""
        answers = []
        for ask in (("nft", "-j", "list", "ruleset"), ("nft", "-j", "list", "table", self.family, self.table)):
            try:
                entries: list[dict[str, Any]] = json.loads(view.run(ask).stdout)["nftables"]
            except (HostError, ValueError, KeyError, TypeError):
                continue
            after = [self._opened(entry) for entry in entries]
            answers.append(Answer(ask=ask, stdout=json.dumps({"nftables": after}).encode()))
        put = ("nft", "chain", self.family, self.table, self.chain)
        yield Run(argv=(*put, "{ policy accept ; }"), undo=((*put, "{ policy drop ; }"),), predicts=tuple(answers))

    def _opened(self, entry: dict[str, Any]) -> dict[str, Any]:
        chain = entry.get("chain")
        if not isinstance(chain, dict):
            return entry
        is_it = (chain.get("family"), chain.get("table"), chain.get("name")) == (self.family, self.table, self.chain)
        return {"chain": {**chain, "policy": "accept"}} if is_it else entry
