"""Add a lost rule of routing."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.routing import add_rule
from doctor.facts.path.own.details import RulesLost


@fixer(applicability=Applicability.SAFE)
def rule_of_routing_lost(detail: RulesLost) -> Iterator[Action]:
    """Add it as its file or the last healthy scan has it."""
    yield from map(add_rule, detail.rules)
