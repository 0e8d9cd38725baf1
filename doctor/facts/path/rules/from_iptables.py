"""Rules of iptables-save in the one form."""

from collections.abc import Container, Iterator

from doctor.facts.path.rules import iptables_targets, times
from doctor.facts.path.rules.form import Condition, Doubt, Part, PathRule
from doctor.facts.path.rules.iptables_matches import condition
from doctor.facts.path.rules.iptables_option import RuleOption, Sets
from doctor.formats.firewall.iptables_rule import split_words
from doctor.formats.firewall.iptables_save import Rule

_FREE_TEXT = frozenset({"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"})
_NO_SETS: Sets = {}
_MATCH_ALONE = frozenset(
    {"comment", "dccp", "icmp", "icmp6", "icmpv6", "ipv6-icmp", "nfacct", "sctp", "tcp", "udp", "udplite"}
)
"""Modules that say nothing without an option: they have no effect, or repeat the protocol. Others (socket, rpfilter) match something."""


def rule_of(rule: Rule, *, version: int = 4, sets: Sets = _NO_SETS, chains: Container[str] | None = None) -> PathRule:
    """Return a rule in the one form; ``chains`` are those of its table."""
    parts: list[Part] = []
    target, is_goto, is_plain = "", False, True
    module = protocol = ""
    options: list[tuple[bool, str, str]] = []
    bare = ""
    timed: list[RuleOption] = []
    for negated, name, value in words_of(rule.text):
        if target:
            options.append((negated, name, value))
            continue
        if bare and name in {"-j", "-g", "-m"}:
            parts.append(Doubt(f"-m {bare}"))
        bare = value if name == "-m" and value not in _MATCH_ALONE else ""
        if name in {"-j", "-g"}:
            target, is_goto = value, name == "-g"
        elif name == "-m":
            module, is_plain = value, False
        else:
            is_plain = False
            protocol = value if name == "-p" else protocol
            option = RuleOption(
                version=version, module=module or protocol, name=name, value=value, is_negated=negated, sets=sets
            )
            if option.module == "time":
                timed.append(option)
                continue
            part = _checked(option)
            parts.extend(() if part is None else (part,))
    if bare:
        parts.append(Doubt(f"-m {bare}"))
    if timed:
        parts.append(times.of_iptables(timed))
    parts.extend(iptables_targets.parts(target, options, is_goto=is_goto, version=version, chains=chains))
    return PathRule(parts=tuple(parts), text=rule.text, origin=rule, is_plain=is_plain)


def _checked(option: RuleOption) -> Condition | Doubt | None:
    if option.name == "-f":
        option.module = ""
    if option.module == "state":
        option.module = "conntrack" if option.name.startswith("--ct") else "state"
    return condition(option)


def words_of(text: str) -> Iterator[tuple[bool, str, str]]:
    """Yield (negated, option, arguments) of a saved rule after its chain; "" for an option without arguments."""
    words = split_words(text)[2:]
    index, negated = 0, False
    while index < len(words):
        word = words[index]
        index += 1
        if word == "!":
            negated = True
            continue
        end = index
        if word in _FREE_TEXT:
            # A comment or a log prefix may look like an option.
            end = min(index + 1, len(words))
        else:
            while end < len(words) and words[end] != "!" and not words[end].startswith("-"):
                end += 1
        yield negated, word, " ".join(words[index:end])
        index, negated = end, False
