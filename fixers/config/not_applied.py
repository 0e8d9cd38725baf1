"""Reload or restart the engine so that it applies its settings."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo
from doctor.facts.logging.drivers import default_driver


@fixer(applicability=Applicability.SAFE)
def not_applied(finding: Finding, config: EngineConfig, info: EngineInfo | Missing) -> Iterator[Action]:
    """Reload the engine for a key that it can reload, restart it for one that it reads only at its start.

    Only advise if the file sets a logging driver that the engine does not have: no new container would start with it.
    """
    key = finding.subject.name
    driver = default_driver(config)
    if key == "log-driver" and isinstance(info, EngineInfo) and info.log_drivers and driver not in info.log_drivers:
        yield Advise(
            text=f"the engine has no logging driver '{driver}', so after a restart no new container would start: first "
            f"'doctor fix logging/unknown-driver' or docker plugin install, then systemctl restart docker"
        )
        return
    yield RestartEngine(reason=f"it applies {key} from its settings file", key=key)
