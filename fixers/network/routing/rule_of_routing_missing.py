"""Add the kernel's own rule of routing."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.routing import add_rule
from doctor.facts.path.own.details import RulesLost


@fixer(applicability=Applicability.SAFE)
def rule_of_routing_missing(detail: RulesLost) -> Iterator[Action]:
    """Add it as the last healthy scan saw it."""
    yield from map(add_rule, detail.rules)
