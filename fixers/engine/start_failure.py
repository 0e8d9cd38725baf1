"""Say what a failed start points to."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import StartFailure


@fixer(applicability=Applicability.MANUAL)
def start_failure(finding: Finding, detail: StartFailure) -> Iterator[Action]:
    """The cause is another finding, or a person's matter."""
    source = finding.evidence[0].source
    show = f"tail -n 50 {source}" if source.startswith("/") else "journalctl -u docker.service -n 50"
    yield Advise(text=f"{detail.do}; {show} shows the lines before it")
