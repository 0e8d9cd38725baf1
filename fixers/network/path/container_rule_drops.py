"""Show how a rule inside a container is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.path.details import PathEnd


@fixer(applicability=Applicability.MANUAL)
def container_rule_drops(detail: PathEnd) -> Iterator[Action]:
    """Show the command: somebody added the rule, perhaps on purpose."""
    inside = f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {detail.place}) -n"
    listing = f"{inside} {detail.listing}"
    if detail.deletion:
        yield Advise(text=f"if nobody wants the rule: {inside} {detail.deletion}; {listing} lists the chain")
    else:
        yield Advise(text=f"{listing} lists the chain; only who added it knows if it may go")
