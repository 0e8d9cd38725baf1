"""Say how containerd is upgraded."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def containerd_eol(finding: Finding) -> Iterator[Action]:
    """A person chooses the moment."""
    del finding
    yield Advise(text="upgrade the package containerd.io; the engine reconnects, running containers go on")
