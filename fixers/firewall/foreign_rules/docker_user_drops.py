"""Ask whether a rule in DOCKER-USER shall go, and show how a policy keeps containers' own connections."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.firewall.rule_questions import remove
from doctor.facts.firewall.cuts import Cut
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rules import EngineRules


@fixer(applicability=Applicability.DISRUPTIVE)
def docker_user_drops(detail: Cut, rules: EngineRules, firewall: Firewall) -> Iterator[Action]:
    """Ask: the rules are an administrator's own."""
    yield from remove(
        RulePlace(
            family="ip",
            table=detail.table,
            chain=detail.chain,
            backend=rules.families[0].saved.save[0],
            text=detail.rule,
        ),
        firewall,
        instead="name the outside interface in the rule and accept answers first: "
        "iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    )
