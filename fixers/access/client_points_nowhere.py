"""Advise how a user selects the engine of this host again."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.access.clients import ClientEndpoint


@fixer(applicability=Applicability.MANUAL)
def client_points_nowhere(detail: ClientEndpoint) -> Iterator[Action]:
    """Show the command for a context, or the line to remove; files of users are never changed."""
    if detail.setting == "DOCKER_TLS_VERIFY":
        name, other = "DOCKER_[A-Z_]*", "restore the certificate"
    else:
        name = "DOCKER_HOST" if detail.setting == "DOCKER_HOST" else "DOCKER_CONTEXT"
        other = "start the program that should listen there"
    remove = f"sed -i '/^\\(export \\)\\?{name}=/s/^/#/' {quote(detail.file)}, then log in again"
    yield Advise(text=f"{detail.command or remove}, for the engine of this host; or {other}")
