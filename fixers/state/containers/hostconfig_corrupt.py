"""Restore a container's host config."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.host_configs import restore_host_config
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfHostConfig
from doctor.facts.network.networks import Networks


@fixer(applicability=Applicability.SAFE)
def hostconfig_corrupt(  # noqa: PLR0917 - each is a fact of its own
    finding: Finding,
    detail: OfHostConfig,
    backup: MetadataBackup | Missing,
    containers: Containers,
    networks: Networks | Missing,
    config: EngineConfig | Missing,
) -> Iterator[Action]:
    """Restore the temporary file or the backup; otherwise ask whether to use a rebuilt one."""
    yield from restore_host_config(detail, finding.subject.name, backup, (containers, networks, config))
