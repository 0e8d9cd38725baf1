"""Show how to separate a published port from a foreign rule, or ask whether to remove that rule."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.api.actions.firewall.rule_questions import remove
from doctor.facts.firewall.cuts import Hijack
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.translations import Translation


@fixer(applicability=Applicability.DISRUPTIVE)
def nat_hijack(detail: Hijack | Translation, firewall: Firewall) -> Iterator[Action]:
    """Advise: the rule belongs to somebody, who must remove it where it is created. In another backend, ask."""
    if isinstance(detail, Translation):
        yield from remove(detail.place, firewall)
        return
    rule: str = detail.rule
    command = (
        f"iptables -t nat {rule.replace('-A ', '-D ', 1)}"
        if rule.startswith("-A ")
        else "iptables -t nat -S PREROUTING"
    )
    yield Advise(
        text=f"if the rule is not wanted: {command}, and remove it where it is created; otherwise {set_aside(detail.container)};"
        f" create {detail.container} again with another port"
    )
