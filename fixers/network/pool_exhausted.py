"""Say how subnets become free."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def pool_exhausted() -> Iterator[Action]:
    """Name both ways; doctor never removes a network."""
    yield Advise(
        text='remove networks that nothing uses (docker network prune), or set "default-address-pools": '
        '[{"base": "10.213.0.0/16", "size": 24}] (a range that is free with you) in /etc/docker/daemon.json and restart the engine'
    )
