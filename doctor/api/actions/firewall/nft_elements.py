"""Adds an element to a verdict map of nft."""

import json
from collections.abc import Iterator
from typing import Any

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.made_chains import asking
from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View


class AddNftElement(Intention, frozen=True, kw_only=True):
    """Add an element that jumps to a chain.

    Attributes:
        family: family of the table; ``table`` and ``map`` its names.
        key: an interface whose name is safe; ``chain`` the target.
    """

    family: str
    table: str
    map: str
    key: str
    chain: str
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"add the element of {self.key} to map {self.map} of nft table {self.family} {self.table}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one command."""
        view = asking(view)
        where = (self.family, self.table, self.map)
        answers = []
        for ask in (("nft", "-j", "list", "table", self.family, self.table), ("nft", "-j", "list", "ruleset")):
            try:
                entries: list[dict[str, Any]] = json.loads(view.run(ask).stdout)["nftables"]
            except (HostError, ValueError, KeyError, TypeError):
                continue
            after = json.dumps({"nftables": [self._with_element(entry) for entry in entries]}).encode()
            answers.append(Answer(ask=ask, stdout=after))
        yield Run(
            argv=("nft", "add", "element", *where, f'{{ "{self.key}" : jump {self.chain} }}'),
            undo=(("nft", "delete", "element", *where, f'{{ "{self.key}" : jump {self.chain} }}'),),
            predicts=tuple(answers),
        )

    def _with_element(self, entry: dict[str, Any]) -> dict[str, Any]:
        item = entry.get("map")
        if not isinstance(item, dict):
            return entry
        if (item.get("family"), item.get("table"), item.get("name")) != (self.family, self.table, self.map):
            return entry
        new = [self.key, {"jump": {"target": self.chain}}]
        return {"map": {**item, "elem": [*item.get("elem", []), new]}}
