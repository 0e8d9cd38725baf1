"""Ask whether a rule inside a container stays."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.rule_questions import remove_inside
from doctor.facts.path.details import InsideRule
from doctor.facts.path.rule_lists import PathFirewalls


@fixer(applicability=Applicability.DISRUPTIVE)
def container_rule_drops(detail: InsideRule, firewalls: PathFirewalls | Missing) -> Iterator[Action]:
    """Offer to delete it: somebody added the rule, perhaps on purpose; else show the command."""
    if detail.item is not None:
        yield from remove_inside(detail.item, firewalls)
        return
    end = detail.end
    inside = f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {end.place}) -n"
    listing = f"{inside} {end.listing}"
    if end.deletion:
        yield Advise(text=f"if nobody wants the rule: {inside} {end.deletion}; {listing} lists the chain")
    else:
        yield Advise(text=f"{listing} lists the chain; only who added it knows if it may go")
