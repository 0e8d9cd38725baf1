"""Advise how a user's docker client reads its settings again."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.registry.clients import DockerClient


@fixer(applicability=Applicability.MANUAL)
def client_config_unreadable(detail: DockerClient) -> Iterator[Action]:
    """Show the command; files of users are never changed."""
    if detail.user is not None:
        folder = detail.path.rpartition("/")[0]
        yield Advise(text=f"chown -R {detail.user}: {quote(folder)}")
    else:
        path = quote(detail.path)
        yield Advise(
            text=f"correct the file, or: mv {path} {path}.bad, then docker login and docker context use as before"
        )
