"""Missing rules in findings: subject, evidence, and detail for the fixer."""

from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.generations import BUILT_IN
from doctor.facts.firewall.rules import FamilyRules
from doctor.model.finding import Evidence, Subject

_SHOWN = 6
"""Number of rules listed in the evidence; others are counted."""


class MissingRules(Struct, frozen=True, kw_only=True):
    """For the fixer: the rules to add, and their family."""

    version: int
    rules: tuple[ExpectedRule, ...]


def subject_of(family: FamilyRules, rule: ExpectedRule) -> Subject:
    """Return the subject of a missing rule: a published port, a network, or the engine's whole firewall."""
    suffix = " (IPv6)" if family.version == 6 else ""
    if rule.port is not None:
        return Subject("port", f"{rule.container} {rule.port.text}{suffix}")
    if rule.network:
        return Subject("network", rule.network + suffix)
    return Subject("firewall", f"{rule.table} {rule.chain}{suffix}")


def evidence_of(family: FamilyRules, rules: Iterable[ExpectedRule]) -> tuple[Evidence, ...]:
    """Return the missing rules, one per line."""
    # Rules in built-in chains first: without them the others are not evaluated.
    every = sorted(rules, key=lambda rule: rule.chain not in BUILT_IN)
    source = " ".join(family.saved.save)
    lines = [f"missing: -t {rule.table} {rule.text}" for rule in every[:_SHOWN]]
    if len(every) > _SHOWN:
        lines.append(f"and {len(every) - _SHOWN} more")
    return tuple(Evidence(source, line) for line in lines)


def by_subject(family: FamilyRules, rules: Iterable[ExpectedRule]) -> dict[Subject, tuple[ExpectedRule, ...]]:
    """Return missing rules by subject, in order."""
    found: dict[Subject, list[ExpectedRule]] = {}
    for rule in rules:
        found.setdefault(subject_of(family, rule), []).append(rule)
    return {subject: tuple(group) for subject, group in found.items()}
