"""Advise how linked containers find each other."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def link_variables_gone() -> Iterator[Action]:
    """Only the user knows whether a program reads these variables."""
    yield Advise(
        text="let the programs use the names of the linked containers; until then systemctl edit docker: [Service] "
        "Environment=DOCKER_KEEP_DEPRECATED_LEGACY_LINKS_ENV_VARS=1"
    )
