"""Name a storage driver that this engine has."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.storage_settings import name_driver
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def driver_removed(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Name the driver that holds the images, or leave the choice to the engine."""
    gone = finding.detail.driver
    yield from name_driver(
        config,
        finding.detail.wanted,
        f"install an engine that has {gone}, docker save IMAGE -o FILE for each, then upgrade and docker load -i FILE",
    )
