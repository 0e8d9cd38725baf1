"""Limit the logs of new containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.logging_settings import bounded_logs
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def unbounded(config: EngineConfig) -> Iterator[Action]:
    """Set rotation for new containers; existing ones are a separate finding."""
    yield from bounded_logs(config)
