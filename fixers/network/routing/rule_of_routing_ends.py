"""Ask whether a rule of routing is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.managers.hooks import forget_line
from doctor.api.actions.path.routing import NEW, delete_rule, left
from doctor.facts.path.own.details import RuleAdded
from doctor.facts.path.own.shown_cut import set_by


@fixer(applicability=Applicability.SAFE)
def rule_of_routing_ends(detail: RuleAdded) -> Iterator[Action]:
    """A rule that the last healthy scan did not see may be deleted; of others only the command is shown."""
    rule = detail.rule
    if rule.has_more:
        yield Advise(
            text=f"if nobody needs the rule: {rule.command} del {rule.text}; 'ip -d {rule.command.removeprefix('ip ')}' shows its other options, with which it could be"
            " added again"
        )
        return
    if not detail.is_new:
        yield Advise(
            text=f"if nobody needs the rule: {rule.command} del {rule.text}, and remove it from {detail.source or 'the configuration that adds it'}"
        )
        return
    yield Choose(
        question=f"whether the rule of routing {rule.text} stays",
        options=(
            Choosable(
                name="delete",
                evidence=(*NEW, *set_by(detail.source)),
                actions=(delete_rule(rule), *forget_line(detail.source)),
            ),
            Choosable(name="leave", evidence=left("rule"), actions=()),
        ),
    )
