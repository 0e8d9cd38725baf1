"""Correct the name of the logging driver, or ask for another driver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import set_flag, set_setting, with_reload
from doctor.api.actions.config.logging_settings import readable_logging
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.state import EngineVersion
from doctor.facts.engine.units import EngineUnits
from doctor.facts.logging.details import UnknownDriver


@fixer(applicability=Applicability.SAFE)
def unknown_driver(
    detail: UnknownDriver,
    config: EngineConfig,
    version: EngineVersion | Missing,
    control: EngineControl | Missing,
    units: EngineUnits | Missing,
) -> Iterator[Action]:
    """Correct the name where it is set; for a plugin that is not installed, offer json-file."""
    meant = detail.meant
    places = [flag.place for flag in config.flags.of_key("log-driver") if flag.place is not None]
    if meant and places:
        yield from with_reload(units, [set_flag(places[-1], "log-driver", meant)])
    elif meant and "log-driver" in config.json.value:
        yield set_setting(config.json.path, ("log-driver",), meant)
    else:
        name = detail.name
        release = None if isinstance(version, Missing) else version.release
        yield Choose(
            question=f"whether new containers should log to files until the driver {name} is installed (docker plugin install)",
            options=(
                Choosable(
                    name="json-file",
                    evidence=(Evidence("json-file", "the engine's default, with rotation"),),
                    actions=tuple(with_reload(units, readable_logging(config, release, control))),
                ),
            ),
        )
