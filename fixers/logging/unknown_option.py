"""Remove options that the logging driver does not know."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.config.engine_settings import with_reload
from doctor.api.actions.config.logging_settings import drop_options, readable_logging
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.units import EngineUnits
from doctor.facts.logging.details import UnknownOptions


@fixer(applicability=Applicability.SAFE)
def unknown_option(
    detail: UnknownOptions,
    config: EngineConfig,
    version: EngineVersion | Missing,
    control: EngineControl | Missing,
    units: EngineUnits | Missing,
) -> Iterator[Action]:
    """Remove the options, or change them together with a driver that is replaced anyway."""
    if detail.driver_goes:
        yield from readable_logging(config, None if isinstance(version, Missing) else version.release, control)
    else:
        yield from with_reload(units, drop_options(config, detail.names, restart=False))
