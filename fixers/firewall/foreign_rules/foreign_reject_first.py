"""Move the engine's rules above a foreign one, or ask whether to remove it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.iptables import lift_rules
from doctor.api.actions.firewall.rule_questions import remove
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def foreign_reject_first(detail: Lift, rules: EngineRules, firewall: Firewall) -> Iterator[Action]:
    """Move rules of the engine above the foreign rule, which is kept; in raw and mangle no place would help: ask to remove it."""
    family = rules.families[0]
    if detail.table != "filter":
        place = RulePlace(
            family="ip",
            table=detail.table,
            chain=detail.chain,
            backend=family.saved.save[0],
            base=detail.chain,
            text=detail.above,
        )
        yield from remove(place, firewall)
        return
    yield from lift_rules(family, detail)
