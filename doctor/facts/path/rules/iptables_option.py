"""One option of an iptables rule, and the condition that it becomes."""

from collections.abc import Mapping

from doctor.facts.path.rules import fields
from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.form import Condition, Doubt
from doctor.facts.path.rules.ipsets import IpSet
from doctor.facts.path.rules.values import Matcher

Sets = Mapping[str, IpSet]
"""The ipsets by name."""


class RuleOption:
    """One option of a rule with what surrounds it."""

    __slots__ = ("is_negated", "module", "name", "sets", "text", "value", "version")

    def __init__(self, *, version: int, module: str, name: str, value: str, is_negated: bool, sets: Sets) -> None:
        self.version, self.module, self.name, self.value = version, module, name, value
        self.is_negated = is_negated
        self.sets = sets
        self.text = f"{'! ' if is_negated else ''}{name} {value}".rstrip()

    def condition(self, read: Reader, matcher: Matcher | None, field: str = "") -> Condition | Doubt:
        """Return a condition, or a doubt without a matcher."""
        if matcher is None:
            return Doubt(self.text)
        return Condition(read, matcher, self.is_negated, field, self.text)

    def payload(self, field: str, matcher: Matcher | None, name: str = "") -> Condition | Doubt:
        """Return a condition on a field of the IP header."""
        return self.condition(fields.payload("ip" if self.version == 4 else "ip6", field), matcher, name)
