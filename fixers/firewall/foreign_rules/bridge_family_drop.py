"""Ask whether a rule on the bridge shall drop containers' frames, or show the command that accepts them."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.rule_questions import asked
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.rule_lists import PathFirewalls


@fixer(applicability=Applicability.DISRUPTIVE)
def bridge_family_drop(
    finding: Finding, detail: RuleCut | None, firewalls: PathFirewalls | Missing
) -> Iterator[Action]:
    """Offer an accept in front of the rule and its removal; the table belongs to somebody."""
    if detail is not None and not isinstance(firewalls, Missing):
        yield from asked(detail, firewalls)
        return
    chain = finding.subject.name
    yield Advise(
        text=f"nft list chain {chain} shows it. To let containers of one network reach each other: nft add rule {chain} meta ibrname"
        ' "docker0" accept, for each of Docker\'s bridges (ip -br link show type bridge); add the same rule to the file that'
        " creates the table"
    )
