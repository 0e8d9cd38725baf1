"""Advise how other hosts may keep using the containers' addresses."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def direct_access_ends(config: EngineConfig) -> Iterator[Action]:
    """It opens containers to other hosts, so the user decides."""
    yield Advise(
        text=f'if another host uses these addresses: set "allow-direct-routing": true in {config.json.path} after the upgrade '
        "(engine 28.2 and newer), and run systemctl restart docker"
    )
