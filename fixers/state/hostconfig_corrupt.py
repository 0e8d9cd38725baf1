"""Bring a container's host config back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action
from doctor.api.actions.host_configs import restore_host_config
from doctor.facts.metadata_backup import MetadataBackup

_OTHERWISE = "; 'doctor salvage --containers --to DIR' copies the files it wrote out"


@fixer(applicability=Applicability.SAFE)
def hostconfig_corrupt(finding: Finding, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Put a whole temporary file in its place, or the one of the backup; never one filled with defaults."""
    yield from restore_host_config(finding.detail, finding.subject.name, backup, otherwise=_OTHERWISE)
