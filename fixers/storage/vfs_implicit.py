"""Advise how to return to a driver that shares layers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def vfs_implicit(config: EngineConfig) -> Iterator[Action]:
    """Show the commands; another driver hides the images, so they must be saved first."""
    yield Advise(
        text="journalctl -u docker.service | grep -i overlay shows why overlay2 did not work; when that is resolved: docker save the"
        f' images that you need, set "storage-driver": "overlay2" in {config.json.path}, systemctl restart docker, docker load'
    )
