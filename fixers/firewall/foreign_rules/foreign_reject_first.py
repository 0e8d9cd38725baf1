"""Move the engine's rules above a foreign one."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall import lift_rules
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.SAFE)
def foreign_reject_first(detail: Lift, rules: EngineRules) -> Iterator[Action]:
    """Move what stands below the foreign rule above it, which stays; in raw and mangle no place would help."""
    if detail.table != "filter":
        rule = detail.above.removeprefix("-A ")
        yield Advise(
            text=f"if it is not meant so, take the rule out, here and where it is made: iptables -t {detail.table} -D {rule}"
        )
        return
    yield from lift_rules(rules.families[0], detail)
