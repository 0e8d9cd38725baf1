"""Remove live-restore from the settings of a swarm node."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import remove_setting
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def swarm_live_restore(detail: OfFile | None) -> Iterator[Action]:
    """Remove the setting; the other way, leaving the swarm, would lose its services."""
    if detail is None:
        yield Advise(
            text="remove --live-restore from dockerd's command line (systemctl cat docker shows it), then systemctl restart docker"
        )
        return
    yield remove_setting(detail.path, ("live-restore",), "a swarm node can't have it", restart=False)
