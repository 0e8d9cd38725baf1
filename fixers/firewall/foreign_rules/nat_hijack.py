"""Say how a published port and a foreign rule are kept apart."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.cuts import Hijack


@fixer(applicability=Applicability.MANUAL)
def nat_hijack(detail: Hijack) -> Iterator[Action]:
    """The rule is somebody's own: a person removes it where it is made."""
    rule: str = detail.rule
    command = (
        f"iptables -t nat {rule.replace('-A ', '-D ', 1)}"
        if rule.startswith("-A ")
        else "iptables -t nat -S PREROUTING"
    )
    yield Advise(
        text=f"if the rule is not wanted: {command}, and take it out where it is made; else create {detail.container} again"
        " with another port"
    )
