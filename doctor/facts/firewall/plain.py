"""Rules of iptables without a condition, and the chains that rules jump to: as far as their text shows it."""

from doctor.facts.firewall.packet_filter import Saved
from doctor.formats.firewall.iptables_rule import split_words
from doctor.formats.firewall.iptables_save import Rule

_DROPS = frozenset({"DROP", "REJECT"})
_TARGET = frozenset({"-j", "-g"})
_FREE_TEXT = frozenset({"--comment", "--log-prefix", "--nflog-prefix", "--string"})


def next_chain(rule: Rule) -> str:
    """Return the target of a rule, which may be a chain; "" for none."""
    words = split_words(rule.text)
    for number in range(2, len(words) - 1):
        if words[number] in _TARGET and words[number - 1] not in _FREE_TEXT:
            return words[number + 1]
    return ""


def ends_all(saved: Saved, rule: Rule) -> bool:
    """Whether a rule drops every packet: an unconditional DROP or REJECT, or an unconditional jump to a chain that does."""
    target = _target_for_all(rule)
    if not target or target in _DROPS:
        return bool(target)
    inner = saved.rules(rule.table, target)
    return bool(inner) and all(_target_for_all(one) in _DROPS for one in inner)


def accepts_all(rule: Rule) -> bool:
    """Whether a rule accepts every packet."""
    return _target_for_all(rule) == "ACCEPT"


def _target_for_all(rule: Rule) -> str:
    """Return the target of a rule without a condition, "" for another rule; a comment counts as a condition."""
    words = split_words(rule.text)
    return words[3] if len(words) > 3 and words[2] in _TARGET else ""
