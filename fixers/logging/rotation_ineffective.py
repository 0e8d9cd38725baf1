"""Make the rotation that somebody wanted work."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.logging_settings import bounded_logs
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def rotation_ineffective(config: EngineConfig) -> Iterator[Action]:
    """Set max-size in the place that holds max-file."""
    yield from bounded_logs(config)
