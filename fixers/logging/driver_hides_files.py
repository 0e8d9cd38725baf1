"""Set json-file as the logging driver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.logging_settings import readable_logging
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineVersion
from doctor.facts.logging.details import HidesFiles


@fixer(applicability=Applicability.SAFE)
def driver_hides_files(
    detail: HidesFiles, config: EngineConfig, version: EngineVersion | Missing, control: EngineControl | Missing
) -> Iterator[Action]:
    """Set json-file with rotation where the driver is set now; the plan restarts the engine."""
    if not detail.is_harm:
        yield Advise(
            text="if a tool that reads log files should see new containers: set log-driver to json-file, then "
            "systemctl restart docker"
        )
        return
    yield from readable_logging(config, None if isinstance(version, Missing) else version.release, control)
