"""Comparison of the engine's expected rules with the actual ones; rules of others."""

from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.firewall.expected_rules import ChainKey, ExpectedRule, ExpectedRules
from doctor.facts.firewall.generations import BUILT_IN, ENGINE_CHAINS
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.plain import accepts_all, ends_all
from doctor.formats.firewall.iptables_rule import canonical, split_words
from doctor.formats.firewall.iptables_save import Rule
from doctor.model.missing import Missing

NO_RAW = "DOCKER_INSECURE_NO_IPTABLES_RAW"
"""The variable of the engine's environment that leaves out its rules in the table raw, if it is 1."""

QUIET = frozenset({"user-return", "chain-return"})
"""Kinds whose absence has no effect: a packet at the end of a chain returns anyway."""

_PORT_KINDS = frozenset({"dnat", "port-accept", "port-self", "loopback-drop", "direct-drop"})
_LINK_LOCAL = "! -s fe80::/10 "
_FLUSHED = 4
"""A chain that lost at least as many rules was flushed; fewer missing rules are reported one by one."""


class LostRules(Struct, frozen=True, kw_only=True):
    """Rules that are missing for one reason.

    Attributes:
        scope: ``all`` tables, one table (``filter``, ``nat``) or one chain ("filter FORWARD").
        rules: the missing rules, in the order of their chains.
    """

    scope: str
    rules: tuple[ExpectedRule, ...]


class OpenPolicy(Struct, frozen=True, kw_only=True):
    """For the fixer: the family whose FORWARD policy was DROP."""

    version: int


class FamilyRules(Struct, frozen=True, kw_only=True):
    """One family, 4 or 6.

    Attributes:
        saved: the actual rules.
        expected: the expected rules.
        lost: groups of missing rules with one cause.
        single: the other missing rules.
        present: actual spelling of rules that are spelled differently: spec by (table, chain, expected spec).
        missing_chains: chains that should exist.
        strangers: rules of others in built-in chains and the engine's own chains, by chain.
    """

    version: int
    saved: Saved
    expected: ExpectedRules
    lost: tuple[LostRules, ...]
    single: tuple[ExpectedRule, ...]
    present: dict[tuple[str, str, str], str]
    missing_chains: tuple[ChainKey, ...]
    strangers: dict[ChainKey, tuple[Rule, ...]]

    @property
    def word(self) -> str:
        """The name of the command, for messages."""
        return "iptables" if self.version == 4 else "ip6tables"

    @property
    def has_no_network(self) -> bool:
        """Whether the engine has no network of this family: its chains wait for the first."""
        return not any(rule.network for rule in self.expected.rules())

    @property
    def passes_by_default(self) -> bool:
        """Whether packets that match no rule of the engine pass: then a missing accept has no effect yet."""
        drops = any(rule.kind == "unpublished-drop" for rule in self.expected.rules())
        return self.saved.policy("filter", "FORWARD") == "ACCEPT" and not drops

    @property
    def misplaced(self) -> tuple[tuple[ExpectedRule, ExpectedRule], ...]:
        """Return filter rules below one that they must precede, each with the first such rule.

        Order matters only between rules of the same bridge, or of none. Of a duplicate rule (a rule file loaded over the
        engine's rules duplicates all of them) only the first has an effect.
        """
        found = []
        for key, rules in self.expected.chains.items():
            if key[0] != "filter":
                continue
            by_text = {self.spelling(rule): rule for rule in rules}
            above: list[ExpectedRule] = []
            for actual in self.saved.rules(*key):
                rule = by_text.pop(actual.text, None)
                if rule is None:
                    continue
                first = next((other for other in above if _precedes(rule, other)), None)
                if first is not None:
                    found.append((rule, first))
                if rule.kind not in QUIET:
                    above.append(rule)
        return tuple(found)

    @property
    def is_table_gone(self) -> bool:
        """Whether the filter table was removed together with its policy: it has none of the engine's chains."""
        chains = self.saved.filter_chains()
        return any(lost.scope in {"all", "filter"} for lost in self.lost) and not (chains & ENGINE_CHAINS)

    @property
    def last_words(self) -> tuple[Rule, ...]:
        """Return the rules of others in FORWARD that drop every packet: a firewall's last rule, not meant for the engine."""
        return tuple(rule for rule in self.saved.rules("filter", "FORWARD") if ends_all(self.saved, rule))

    @property
    def top(self) -> str:
        """Return the first rule of others in FORWARD that is final for every packet, "" for none.

        If FORWARD has no rule of the engine, its rules are inserted directly above: rules of others above it still drop traffic.
        """
        rules = self.saved.rules("filter", "FORWARD")
        return next((rule.text for rule in rules if ends_all(self.saved, rule) or accepts_all(rule)), "")

    def of_kind(self, *kinds: str) -> tuple[ExpectedRule, ...]:
        """Return the missing rules of these kinds that are not part of a larger group."""
        return tuple(rule for rule in self.single if rule.kind in kinds)

    def is_missing(self, rule: ExpectedRule) -> bool:
        """Whether a rule is missing, alone or in a group."""
        return rule in self.single or any(rule in lost.rules for lost in self.lost)

    def spelling(self, rule: ExpectedRule) -> str:
        """Return the line of an expected rule in its actual spelling, or as it would be created."""
        return self.present.get((rule.table, rule.chain, rule.spec), rule.text)


class EngineRules(Struct, frozen=True, kw_only=True):
    """The engine's rules in every family.

    Attributes:
        generation: versions of engines with these rules, for messages.
        families: IPv4, and IPv6 if the engine has such networks.
        is_idle: no engine and no container runs: missing rules will be created at the engine's start.
        is_running: whether the engine answers.
        closes_ipv6: whether the engine always sets the IPv6 policy of FORWARD to DROP (up to 27).
        leftovers: chains of engines of another generation, IPv4.
        gaps: networks that could not be judged, and gaps of the facts that this one uses.
    """

    generation: str
    families: tuple[FamilyRules, ...]
    is_idle: bool = False
    is_running: bool = True
    hairpin: bool = False
    closes_ipv6: bool = False
    leftovers: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def backend(self) -> str:
        """Return the save command of the backend that holds the engine's IPv4 rules."""
        return self.families[0].saved.save[0]

    @property
    def has_chains(self) -> bool:
        """Whether any chain of the engine exists."""
        return any(chain in ENGINE_CHAINS for family in self.families for _, chain in family.saved.by_chain)


def _precedes(rule: ExpectedRule, other: ExpectedRule) -> bool:
    if other.kind == "isolation-jump" and rule.kind == "user-jump":
        # An engine restarted with live-restore leaves this order; the isolation chains accept nothing, so it has no effect.
        return False
    if "link" in {rule.kind, other.kind}:
        return False  # the other rules of the chain are for packets from other interfaces
    return rule.slot < other.slot and (not rule.bridge or not other.bridge or rule.bridge == other.bridge)


def compare(version: int, saved: Saved, expected: ExpectedRules) -> FamilyRules:
    """Return the difference in one family. Spelling is ignored; order is judged separately."""
    missing: list[ExpectedRule] = []
    present: dict[tuple[str, str, str], str] = {}
    strangers: dict[ChainKey, tuple[Rule, ...]] = {}
    for key, rules in expected.chains.items():
        absent, others = _compare_chain(saved.rules(*key), rules, present)
        missing += absent
        if others:
            strangers[key] = others
    strangers |= {
        key: found
        for key, found in saved.by_chain.items()
        if key not in expected.chains and found and key[1] in BUILT_IN
    }
    gone = tuple(key for key in expected.chains if key[1] not in BUILT_IN and not saved.has_chain(*key))
    missing = [rule for rule in missing if rule.kind not in QUIET or _is_part_of_loss(rule, missing, expected, gone)]
    lost = _lost(expected, missing)
    explained = {id(rule) for group in lost for rule in group.rules}
    return FamilyRules(
        version=version,
        saved=saved,
        expected=expected,
        lost=lost,
        single=tuple(rule for rule in missing if id(rule) not in explained),
        present=present,
        missing_chains=gone,
        strangers=strangers,
    )


def _compare_chain(
    actual: tuple[Rule, ...], expected: tuple[ExpectedRule, ...], present: dict[tuple[str, str, str], str]
) -> tuple[list[ExpectedRule], tuple[Rule, ...]]:
    """Return the expected rules that are missing and the actual ones that are not expected."""
    texts = {rule.text for rule in actual}
    wanted = {rule.text for rule in expected}
    absent: list[ExpectedRule] = []
    taken: set[str] = set()
    for rule in expected:
        if rule.text in texts:
            continue
        other = _same(rule, (found for found in actual if found.text not in wanted and found.text not in taken))
        if other is None:
            absent.append(rule)
        else:
            taken.add(other.text)
            present[rule.table, rule.chain, rule.spec] = other.text
    return absent, tuple(rule for rule in actual if rule.text not in wanted and rule.text not in taken)


def _same(rule: ExpectedRule, candidates: Iterable[Rule]) -> Rule | None:
    """Return an equivalent rule in another spelling. Only rules with the same names are parsed."""
    meaning = None
    for found in candidates:
        if rule.bridge and rule.bridge not in found.text:
            continue
        if rule.kind == "direct-drop" and _drops_subnet(rule, found):
            return found
        if rule.spec.rpartition("-j ")[2].split(" ", 1)[0] not in found.text:
            continue
        # Engines up to 27 may or may not exclude link-local peers from translation.
        meaning = canonical(split_words(rule.spec.replace(_LINK_LOCAL, ""))) if meaning is None else meaning
        if canonical(split_words(found.text.replace(_LINK_LOCAL, ""))[2:]) == meaning:
            return found
    return None


def _drops_subnet(rule: ExpectedRule, found: Rule) -> bool:
    """Whether a newer engine's rule drops direct access to the whole subnet; 28.2 has one for each container."""
    return found.text.endswith(f" ! -i {rule.bridge} -j DROP") and found.text.startswith("-A PREROUTING -d ")


def _is_part_of_loss(
    rule: ExpectedRule, missing: list[ExpectedRule], expected: ExpectedRules, gone: tuple[ChainKey, ...]
) -> bool:
    """Whether a missing final RETURN is part of a larger loss; alone, it was replaced by a rule of others."""
    if rule.key in gone:
        return True
    for rules in (
        [other for other in expected.rules() if other.key == rule.key],
        [other for other in expected.rules() if other.table == rule.table],
    ):
        loud = [other for other in rules if other.kind not in QUIET]
        if loud and all(other in missing for other in loud):
            return True
    return False


def _lost(expected: ExpectedRules, missing: list[ExpectedRule]) -> tuple[LostRules, ...]:
    """Group missing rules by cause: all tables, one table, one chain were removed."""
    gone = {id(rule) for rule in missing}
    tables = sorted({key[0] for key in expected.chains})
    lost_tables = [
        table for table in tables if _is_lost([rule for rule in expected.rules() if rule.table == table], gone, 3)
    ]
    groups: list[LostRules] = []
    main = [table for table in ("filter", "nat") if table in lost_tables]
    if len(main) == 2:
        groups.append(LostRules(scope="all", rules=tuple(rule for rule in missing if rule.table in lost_tables)))
    else:
        groups += [
            LostRules(scope=table, rules=tuple(rule for rule in missing if rule.table == table)) for table in main
        ]
    covered = set(lost_tables if len(main) == 2 else main)
    for key, rules in expected.chains.items():
        if key[0] in covered:
            continue
        absent = [rule for rule in rules if id(rule) in gone]
        if _is_lost(list(rules), gone, _FLUSHED) or (len(absent) >= _FLUSHED and len(absent) == len(rules)):
            groups.append(LostRules(scope=" ".join(key), rules=tuple(absent)))
    return tuple(group for group in groups if group.rules)


def _is_lost(rules: list[ExpectedRule], gone: set[int], least: int) -> bool:
    """Whether all rules but those of single ports are missing: the engine may have added ports after a flush."""
    standing = [rule for rule in rules if rule.kind not in _PORT_KINDS | QUIET]
    return len(standing) >= least and all(id(rule) in gone for rule in standing)
