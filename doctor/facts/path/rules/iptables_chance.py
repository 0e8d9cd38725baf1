"""Conditions of iptables rules on counts and chance, where they hold for each packet."""

from doctor.facts.path.rules.form import Condition, Doubt
from doctor.facts.path.rules.iptables_option import RuleOption
from doctor.facts.path.rules.values import one_of


def _always(option: RuleOption) -> Condition | Doubt:
    return option.condition(lambda _packet, _scope: 1, one_of(1))


def _more_connections(option: RuleOption) -> Condition | Doubt:
    # Each connection is one more than none.
    return _always(option) if option.value == "0" else Doubt(option.text)


def _mode(option: RuleOption) -> Condition | Doubt | None:
    return None if option.value == "random" else Doubt(option.text)


def _probability(option: RuleOption) -> Condition | Doubt:
    try:
        chance = float(option.value)
    except ValueError:
        return Doubt(option.text)
    return _always(option) if chance == 1 else Doubt(option.text)


CHANCES = {
    ("connlimit", "--connlimit-above"): _more_connections,
    ("connlimit", "--connlimit-mask"): lambda _option: None,
    ("connlimit", "--connlimit-saddr"): lambda _option: None,
    ("connlimit", "--connlimit-daddr"): lambda _option: None,
    ("statistic", "--mode"): _mode,
    ("statistic", "--probability"): _probability,
}
"""(module, option) to its condition; ``None`` is one without effect."""
