"""Advise how to free a port."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.details import PortTaken


@fixer(applicability=Applicability.MANUAL)
def port_in_use(finding: Finding, detail: PortTaken) -> Iterator[Action]:
    """Show the process that uses the port, and the command that starts the container."""
    who = (
        f"stop process {detail.pid} ({detail.owner})"
        if detail.pid
        else f"find the owner: ss -lntup 'sport = :{detail.port}'"
    )
    yield Advise(text=f"{who}, or publish another port; then: docker start {finding.subject.name}")
