"""Show what ends packets, and follow one there."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.path.details import PathEnd
from doctor.facts.path.way import HOST


@fixer(applicability=Applicability.MANUAL)
def path_ends(detail: PathEnd) -> Iterator[Action]:
    """Show the commands: only a person knows whether somebody wanted it."""
    inside = "" if detail.place == HOST else f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {detail.place}) -n "
    if detail.chain:
        look = f"{inside}{detail.listing} lists the chain with the rule"
    elif detail.device:
        look = f"{inside}ip -d link show {quote(detail.device)} and {inside}ip route show table all show the interface and the routes"
    else:
        look = f"{inside}ip rule show and {inside}ip route show table all show the routes"
    follow = f"; 'doctor probe --trace {detail.trace}' follows a packet there" if detail.trace else ""
    yield Advise(text=f"{look}{follow}")
