"""Restore the administrator's chain with its rules."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.firewall.iptables import add_rules, restore_user_rules
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.firewall.user_chain import CHAIN, UserChain, UserRules

_SHOWN = 8


@fixer(applicability=Applicability.SAFE)
def docker_user_missing(detail: UserChain, rules: EngineRules) -> Iterator[Action]:
    """Create the missing chain, the jump at the top of FORWARD, and the known rules."""
    for family in rules.families:
        if family.version == detail.version:
            yield from _actions(family, detail)


def _actions(family: FamilyRules, found: UserChain) -> Iterator[Action]:
    own = tuple(add_rules(family, found.missing, "the chain for an administrator's own rules is evaluated first"))
    known = found.known
    if not found.is_emptied:
        yield from own
        return
    if known is None:
        yield Choose(
            question=f"whether chain {CHAIN} was empty (otherwise load your rules again, which creates the chain)",
            options=(Choosable(name="empty", evidence=(Evidence("known rules", "none"),), actions=own),),
        )
        return
    if known.words:
        yield Choose(question=_by_hand(family, known), options=(_without(known, own),))
        return
    actions = (*own, *restore_user_rules(family, known))
    if (found.is_sure and known.is_loaded and not known.needs_sets) or not known.own:
        yield from actions
        return
    evidence = tuple(Evidence(known.place, text) for text in known.own)
    yield Choose(
        question=f"whether these rules belong in chain {CHAIN}",
        options=(Choosable(name="restore", evidence=evidence, actions=actions),),
    )


def _by_hand(family: FamilyRules, known: UserRules) -> str:
    table = f"{'ip' if family.version == 4 else 'ip6'} filter {CHAIN}"
    adds = "; ".join(f"nft {quote(f'add rule {table} {words}')}" for words in known.words[:_SHOWN])
    more = f"; and {len(known.words) - _SHOWN} more" if len(known.words) > _SHOWN else ""
    return (
        f"whether to recreate chain {CHAIN} without the rules in {known.place} that iptables can't express"
        f" (add them before or after: {adds}{more})"
    )


def _without(known: UserRules, own: tuple[Action, ...]) -> Choosable:
    evidence = tuple(Evidence(known.place, words) for words in known.words)
    return Choosable(name="empty", evidence=evidence, actions=own)
