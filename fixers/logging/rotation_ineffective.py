"""Make log rotation effective."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.config.logging_settings import bounded_logs
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.SAFE)
def rotation_ineffective(config: EngineConfig) -> Iterator[Action]:
    """Set max-size in the place where max-file is set."""
    yield from bounded_logs(config)
