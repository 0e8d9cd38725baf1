"""Advise how to name a proxy that containers reach."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.registry.clients import DockerClient


@fixer(applicability=Applicability.MANUAL)
def client_proxy_unusable(detail: DockerClient) -> Iterator[Action]:
    """Show what to write; files of users are never changed."""
    yield Advise(
        text=f'in {detail.path}, write an address of this host in place of the loopback address ("ip -4 addr show docker0" shows one that '
        "containers reach), and let the proxy listen on it; then create the containers that have the variables again, after saving the files that they wrote"
    )
