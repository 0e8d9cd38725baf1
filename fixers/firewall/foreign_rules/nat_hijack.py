"""Say how a published port and a foreign rule are kept apart."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def nat_hijack(finding: Finding) -> Iterator[Action]:
    """The rule is somebody's own: a person removes it where it is made."""
    rule: str = finding.detail.rule
    command = (
        f"iptables -t nat {rule.replace('-A ', '-D ', 1)}"
        if rule.startswith("-A ")
        else "iptables -t nat -S PREROUTING"
    )
    yield Advise(
        text=f"if the rule is not wanted: {command}, and take it out where it is made; else create {finding.detail.container} again"
        " with another port"
    )
