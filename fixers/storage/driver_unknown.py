"""Set a storage driver that exists."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.details import DriverChoice


@fixer(applicability=Applicability.SAFE)
def driver_unknown(detail: DriverChoice, config: EngineConfig) -> Iterator[Action]:
    """Set the driver that has the images, or leave the choice to the engine."""
    yield from name_driver(
        config,
        detail.wanted,
        f"ls {config.data_root}/image shows the drivers that have images: set storage-driver to one of them",
    )
