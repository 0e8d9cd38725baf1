"""Say where the current series is."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def engine_eol(finding: Finding) -> Iterator[Action]:
    """An upgrade restarts containers and can break settings: a person chooses the moment."""
    del finding
    yield Advise(
        text="upgrade to the current series with the distribution's package manager (docker-ce of download.docker.com, or the "
        "distribution's own), after reading https://docs.docker.com/engine/deprecated/"
    )
