"""Ask whether a rule of routing is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.routing import ask_about_rule
from doctor.facts.path.own.details import RuleAdded


@fixer(applicability=Applicability.SAFE)
def rule_of_routing_ends(detail: RuleAdded) -> Iterator[Action]:
    """A rule that the last healthy scan did not see may be deleted; of others only the command is shown."""
    yield ask_about_rule(detail.rule, is_new=detail.is_new, source=detail.source)
