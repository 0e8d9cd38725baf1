"""Ask for the logging driver of new containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import with_reload
from doctor.api.actions.config.logging_settings import readable_logging
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.units import EngineUnits

_DRIVERS = {
    "json-file": "the engine's default: files that every tool reads, with rotation",
    "local": "smaller files with rotation; only 'docker logs' reads them",
}


@fixer(applicability=Applicability.SAFE)
def removed_driver(
    config: EngineConfig,
    version: EngineVersion,
    control: EngineControl | Missing,
    units: EngineUnits | Missing,
) -> Iterator[Action]:
    """Offer the drivers that keep logs on this host."""
    yield Choose(
        question="which logging driver new containers should use",
        options=tuple(
            Choosable(
                name=driver,
                evidence=(Evidence(driver, why),),
                actions=tuple(with_reload(units, readable_logging(config, version.release, control, driver=driver))),
            )
            for driver, why in _DRIVERS.items()
        ),
    )
