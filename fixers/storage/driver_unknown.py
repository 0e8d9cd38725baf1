"""Name a storage driver that exists."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def driver_unknown(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Name the driver that holds the images, or leave the choice to the engine."""
    yield from name_driver(
        config,
        finding.detail.wanted,
        f"ls {config.data_root}/image shows the drivers that hold images: set storage-driver to one of them",
    )
