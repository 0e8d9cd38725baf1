"""DOCKER-USER: the administrator's rules, those that are missing, and the known copies."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.firewall.generations import BUILT_IN, ENGINE_CHAINS
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.plain import next_chain
from doctor.facts.firewall.rules import FamilyRules

CHAIN = "DOCKER-USER"
_RETURN = f"-A {CHAIN} -j RETURN"
USER_KINDS = frozenset({"user-jump", "user-return"})
"""Rules of the engine that only serve an administrator's rules."""
_DEPTH = 4


class UserRules(Struct, frozen=True, kw_only=True):
    """A copy of the rules of DOCKER-USER.

    Attributes:
        chains: DOCKER-USER first, then the chains it jumps to.
        place: source of the copy; ``age`` its age in words.
        is_seen: whether a scan saw them in effect; otherwise a file would load them.
        is_loaded: whether a service is known to load that file.
        words: its rules of DOCKER-USER in nft syntax, if iptables can't express one; ``chains`` is empty then.
    """

    chains: dict[str, tuple[str, ...]]
    place: str
    age: str = ""
    is_seen: bool = False
    is_loaded: bool = True
    words: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return the number of the administrator's rules."""
        return len(self.own) or len(self.words)

    @property
    def own(self) -> tuple[str, ...]:
        """Return the rules in DOCKER-USER itself, without the engine's RETURN at the end."""
        return without_return(self.chains.get(CHAIN, ()))

    @property
    def accepts(self) -> tuple[str, ...]:
        """Return the rules that accept traffic."""
        return tuple(text for text in self._texts() if text.rpartition(" -j ")[2].split(" ")[0] == "ACCEPT")

    @property
    def needs_sets(self) -> bool:
        """Whether a rule names an ipset: without that set no rule can be loaded."""
        return any("--match-set" in text for text in self._texts())

    def _texts(self) -> Iterator[str]:
        for rules in self.chains.values():
            yield from rules


class UserChain(Struct, frozen=True, kw_only=True):
    """For the fixer: the problem with the chain of one family.

    Attributes:
        missing: the missing ones of the engine's own rules: the jump and the final RETURN.
        known: its former rules, ``None`` if unknown.
        is_emptied: whether its rules are missing.
        is_sure: whether they were lost with other rules or the chain; otherwise an administrator may have removed them.
    """

    version: int
    missing: tuple[ExpectedRule, ...]
    known: UserRules | None
    is_emptied: bool
    is_sure: bool


def led_to(saved: Saved) -> dict[str, tuple[str, ...]]:
    """Return DOCKER-USER and the user chains that it jumps to, with their rules."""
    found: dict[str, tuple[str, ...]] = {}
    todo = [(CHAIN, 0)]
    while todo:
        chain, depth = todo.pop(0)
        if chain in found or depth > _DEPTH or not saved.has_chain("filter", chain):
            continue
        rules = saved.rules("filter", chain)
        found[chain] = tuple(rule.text for rule in rules)
        targets = (next_chain(rule) for rule in rules)
        todo += [(target, depth + 1) for target in targets if target not in ENGINE_CHAINS | BUILT_IN]
    return found


def without_return(rules: tuple[str, ...]) -> tuple[str, ...]:
    """Return rules without the final RETURN, which the engine creates."""
    return rules[:-1] if rules and rules[-1] == _RETURN else rules


def user_chain(
    family: FamilyRules, record: KeptNetworkRecord | None, files: FirewallFiles | None, *, is_running: bool
) -> UserChain | None:
    """Return the problem with the chain, ``None`` if it has no problem, if that is unknown, or if the engine makes no such chain."""
    if all(rule.kind != "user-jump" for rule in family.expected.rules()):
        return None
    rules = tuple(rule.text for rule in family.saved.rules("filter", CHAIN))
    known = _known(family.version, record, files)
    is_gone = was_flushed(family)
    missing = family.of_kind(*USER_KINDS)
    if is_gone:
        lost = [rule for group in family.lost for rule in group.rules]
        missing += tuple(rule for rule in lost if rule.kind in USER_KINDS)
    # A file for the next boot may be older than the removal of a rule.
    is_emptied = is_gone or (known is not None and known.is_seen and bool(known.count) and not without_return(rules))
    if not (missing or is_emptied) or not (is_running or (known is not None and known.count)):
        return None
    returns = tuple(
        rule for rule in family.expected.rules() if is_gone and rule.kind == "user-return" and rule not in missing
    )
    return UserChain(
        version=family.version,
        missing=(*missing, *returns),
        known=known,
        is_emptied=is_emptied,
        is_sure=is_gone or bool(family.lost),
    )


def was_flushed(family: FamilyRules) -> bool:
    """Whether the chain, or its final RETURN of engines up to 28.1, is missing: then its rules were lost too."""
    makes_return = any(rule.kind == "user-return" for rule in family.expected.rules())
    return not family.saved.has_chain("filter", CHAIN) or (makes_return and not family.saved.rules("filter", CHAIN))


def _known(version: int, record: KeptNetworkRecord | None, files: FirewallFiles | None) -> UserRules | None:
    """Return the former rules of the chain: from the last healthy scan, else from a file that is loaded at boot."""
    family = None if record is None else record.families.get(version)
    if record is not None and family is not None and CHAIN in family.chains:
        return UserRules(chains=family.chains, place=record.path, age=record.age, is_seen=True)
    for saved in files.saved if files is not None else ():
        if saved.version == version and (without_return(saved.user_chains.get(CHAIN, ())) or saved.user_words):
            return UserRules(
                chains=saved.user_chains,
                place=saved.path,
                is_loaded=saved.is_loaded or saved.service != "nftables",
                words=saved.user_words,
            )
    return None
