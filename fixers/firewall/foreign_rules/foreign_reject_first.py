"""Move the engine's rules above a foreign one."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.iptables import lift_rules
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def foreign_reject_first(detail: Lift, rules: EngineRules) -> Iterator[Action]:
    """Move rules of the engine above the foreign rule, which is kept; in raw and mangle no place would help."""
    if detail.table != "filter":
        rule = detail.above.removeprefix("-A ")
        yield Advise(
            text=f"if this is not intended, remove the rule now and where it is created: iptables -t {detail.table} -D {rule}"
        )
        return
    yield from lift_rules(rules.families[0], detail)
