"""Bring a container's host config back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action
from doctor.api.actions.host_configs import restore_host_config
from doctor.facts.metadata_backup import MetadataBackup


@fixer(applicability=Applicability.SAFE)
def hostconfig_missing(finding: Finding, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Put a whole temporary file in its place, or the one of the backup; never one filled with defaults."""
    yield from restore_host_config(finding.detail, finding.subject.name, backup)
