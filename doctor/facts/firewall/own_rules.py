"""Which iptables rules are the engine's."""

from functools import cached_property

from doctor.facts.firewall.generations import ENGINE_CHAINS
from doctor.facts.firewall.rules import FamilyRules
from doctor.formats.firewall.iptables_save import Rule

_FORWARDED = frozenset({"PREROUTING", "FORWARD", "POSTROUTING"})


class OwnRules:
    """The rules that the engine creates, in the spelling of iptables-save."""

    def __init__(self, family: FamilyRules) -> None:
        self.saved = family.saved
        self._own = {(rule.table, rule.chain, family.spelling(rule)) for rule in family.expected.rules()}

    def has(self, rule: Rule) -> bool:
        """Whether a rule belongs to the engine, including jumps to chains of the engine (Swarm, another generation).

        Its final RETURN belongs to the engine only at the end of the chain: a higher one is a detour by others.
        """
        if rule.text == f"-A {rule.chain} -j RETURN" and rule.chain in ENGINE_CHAINS:
            return rule.line == self.saved.rules(rule.table, rule.chain)[-1].line
        if (rule.table, rule.chain, rule.text) in self._own:
            return True
        return rule.chain == "FORWARD" and rule.text.rpartition(" -j ")[2] in ENGINE_CHAINS

    @cached_property
    def are_alone(self) -> bool:
        """Whether no other rule is in a chain that forwarded packets pass: only from these do they reach chains of others."""
        chains = _FORWARDED | ENGINE_CHAINS
        return all(
            self.has(rule) for (_, chain), rules in self.saved.by_chain.items() if chain in chains for rule in rules
        )
