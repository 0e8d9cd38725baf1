"""Make the administrator's chain be asked again, with the rules that it held."""

from collections.abc import Iterator

from doctor.api import Applicability, Evidence, Finding, fixer
from doctor.api.actions import Action, Choose, Option, add_rules, restore_user_rules
from doctor.facts.firewall_rules import EngineRules, FamilyRules
from doctor.facts.user_chain import CHAIN, UserChain


@fixer(applicability=Applicability.SAFE)
def docker_user_missing(finding: Finding, rules: EngineRules) -> Iterator[Action]:
    """Make the chain if it is gone, the jump at the top of FORWARD, and the rules where something tells which they were."""
    found: UserChain = finding.detail
    for family in rules.families:
        if family.version == found.version:
            yield from _actions(family, found)


def _actions(family: FamilyRules, found: UserChain) -> Iterator[Action]:
    own = tuple(add_rules(family, found.missing, "the chain for an administrator's own rules is evaluated first"))
    known = found.known
    if not found.is_emptied:
        yield from own
        return
    if known is None:
        yield Choose(
            question=f"whether chain {CHAIN} held no rule (else load your rules again: that makes it)",
            options=(Option(name="empty", evidence=(Evidence("known", "no rule that it held"),), actions=own),),
        )
        return
    actions = (*own, *restore_user_rules(family, known))
    if (found.is_sure and not known.needs_sets) or not known.own:
        yield from actions
        return
    evidence = tuple(Evidence(known.place, text) for text in known.own)
    yield Choose(
        question=f"whether these rules belong in chain {CHAIN}",
        options=(Option(name="restore", evidence=evidence, actions=actions),),
    )
