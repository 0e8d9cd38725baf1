"""Advise how to free subnets."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def pool_exhausted() -> Iterator[Action]:
    """Show both ways; doctor never removes a network."""
    yield Advise(
        text='remove unused networks (docker network prune), or set "default-address-pools": '
        '[{"base": "10.213.0.0/16", "size": 24}] (use a range that is free in your network) in /etc/docker/daemon.json and restart the engine'
    )
