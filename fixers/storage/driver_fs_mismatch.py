"""Set a storage driver that supports the file system."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.details import DriverChoice


@fixer(applicability=Applicability.SAFE)
def driver_fs_mismatch(detail: DriverChoice, config: EngineConfig) -> Iterator[Action]:
    """Set the driver that has the images, or leave the choice to the engine."""
    driver = detail.driver
    yield from name_driver(
        config,
        detail.wanted,
        f"lsblk -f shows the {driver} file system with the images: mount /dev/DISK {config.data_root}",
    )
