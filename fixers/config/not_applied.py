"""Let the engine take its settings."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineInfo
from doctor.facts.logging.drivers import default_driver


@fixer(applicability=Applicability.SAFE)
def not_applied(finding: Finding, config: EngineConfig, info: EngineInfo | Missing) -> Iterator[Action]:
    """Reload it for a key that it takes so, restart it for one that it reads at its start only.

    Not for a logging driver that it hasn't got: in force, no new container would start.
    """
    key = finding.subject.name
    driver = default_driver(config)
    if key == "log-driver" and isinstance(info, EngineInfo) and info.log_drivers and driver not in info.log_drivers:
        yield Advise(
            text=f"the engine has no logging driver {driver!r}, and with it in force no new container would start: "
            f"'doctor fix logging/unknown-driver' or docker plugin install first, then systemctl restart docker"
        )
        return
    yield RestartEngine(reason=f"it takes {key} from its settings file", key=key)
