"""Set a storage driver that this engine has."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.details import DriverChoice


@fixer(applicability=Applicability.SAFE)
def driver_removed(detail: DriverChoice, config: EngineConfig) -> Iterator[Action]:
    """Set the driver that has the images, or leave the choice to the engine."""
    gone = detail.driver
    yield from name_driver(
        config,
        detail.wanted,
        f"install an engine that has {gone}, docker save IMAGE -o FILE for each image, then upgrade and docker load -i FILE",
    )
