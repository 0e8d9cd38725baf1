"""Clear Docker's leftovers out of the backend it does not use."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, remove_rules


@fixer(applicability=Applicability.SAFE)
def mixed_backends(finding: Finding) -> Iterator[Action]:
    """Take out what is Docker's; say what to do where rules are others'."""
    other = finding.detail
    if other.foreign:
        yield Advise(
            text=f"move the rules that {other.saved.save[0]} shows to the backend in use, or take them out there:"
            " they belong to something that was set up with the other iptables"
        )
        return
    policies = (("FORWARD", "ACCEPT"),) if other.drops else ()
    yield from remove_rules(other.saved, other.engine_rules, f"Docker does not use {other.name}", policies)
