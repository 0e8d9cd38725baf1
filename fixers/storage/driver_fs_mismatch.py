"""Name a storage driver that this file system takes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def driver_fs_mismatch(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Name the driver that holds the images, or leave the choice to the engine."""
    driver = finding.detail.driver
    yield from name_driver(
        config,
        finding.detail.wanted,
        f"lsblk -f shows the {driver} file system that holds the images: mount /dev/DISK {config.data_root}",
    )
