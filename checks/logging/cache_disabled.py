"""The local copy that docker logs reads is off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import DRIVERS, default_driver, default_options


@check(severity=Severity.INFO, ok="'docker logs' has a local copy where the driver itself can't be read")
def cache_disabled(config: EngineConfig) -> Iterator[Finding]:
    """The local copy of remotely logged output is off, so ``docker logs`` fails on this host.

    What it looks at:
        A default driver that can't be read back (syslog, gelf, fluentd, awslogs, splunk, gcplogs) with ``cache-disabled``.

    Why it matters:
        Since 20.10 the engine keeps a bounded copy (five files of 20 MB) that ``docker logs`` reads. Without it the command says
        "configured logging driver does not support reading".

    How it is fixed:
        By a person: remove ``cache-disabled`` if logs should be readable here too.

    References:
        https://docs.docker.com/engine/logging/dual-logging/
    """
    driver, options = default_driver(config), default_options(config)
    found = DRIVERS.get(driver)
    if found is not None and found.reads == "cache" and options.get("cache-disabled") in {"true", "1", "t", "T"}:
        setting = config.setting("log-opts")
        yield Finding(
            subject=Subject("setting", "log-opts"),
            message=f"'docker logs' fails for new containers: {driver} can't be read, and cache-disabled is set",
            evidence=(Evidence(setting.place, f"cache-disabled={options['cache-disabled']}"),),
        )
