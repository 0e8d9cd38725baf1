"""This engine no longer has the default logging driver."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.logging.drivers import DRIVERS, default_driver, is_removed


@check(severity=Severity.ERROR, breaks=("logs",), ok="this engine has not removed the default logging driver")
def removed_driver(config: EngineConfig, version: EngineVersion) -> Iterator[Finding]:
    """The default logging driver was removed from this engine, so no new container starts.

    What it looks at:
        The effective driver, and the release that removed it: logentries was removed in 25.0.

    Why it matters:
        The engine starts, but containers fail with "no such log driver" or hang while the engine looks for a plugin of that name.
        Containers that were created with the driver can't be started either.

    How it is fixed:
        ``--choose`` asks for the driver of new containers: ``json-file`` or ``local``, both with rotation. Existing containers
        keep the old one and must be recreated.

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
        message=f"engine {version.text} no longer has the logging driver {driver}: no new container starts",
        evidence=(
            Evidence(setting.place, f"log-driver {driver}"),
            Evidence(version.source, f"{version.text}; {driver} was removed in {removed}"),
        ),
    )
