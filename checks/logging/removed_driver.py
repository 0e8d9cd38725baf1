"""The default logging driver is gone from this engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.logging.drivers import DRIVERS, default_driver, is_removed


@check(severity=Severity.ERROR, breaks=("logs",), ok="this engine still has the default logging driver")
def removed_driver(config: EngineConfig, version: EngineVersion) -> Iterator[Finding]:
    """The default logging driver was removed from this engine, so no new container starts.

    What it looks at:
        The driver in force and the release that removed it: logentries went with 25.0.

    Why it matters:
        The engine starts, and containers fail with "no such log driver" or hang while a plugin of that name is looked for.
        Containers that were made with it can't be started any more either.

    How it is fixed:
        ``--choose`` asks for the driver of new containers: ``json-file`` or ``local``, both with rotation. Containers that exist keep
        the old one and must be created again.

    References:
        https://docs.docker.com/engine/deprecated/#logentries-logging-driver
    """
    driver = default_driver(config)
    if not is_removed(driver, version.release):
        return
    removed = ".".join(map(str, DRIVERS[driver].removed or ()))
    setting = config.setting("log-driver")
    yield Finding(
        subject=Subject("setting", "log-driver"),
        message=f"no new container starts: engine {version.text} has no logging driver {driver} any more",
        evidence=(
            Evidence(setting.place, f"log-driver {driver}"),
            Evidence(version.source, f"{version.text}; {driver} was removed in {removed}"),
        ),
    )
