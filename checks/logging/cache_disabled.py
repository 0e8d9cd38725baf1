"""The local copy of remote logs is off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import DRIVERS, default_driver, default_options


@check(severity=Severity.INFO, ok="'docker logs' has a local copy if the driver's logs can't be read")
def cache_disabled(config: EngineConfig) -> Iterator[Finding]:
    """The local copy of output that is logged remotely is off, so ``docker logs`` fails on this host.

    What it looks at:
        Whether ``cache-disabled`` is set for a default driver that can't read logs (syslog, gelf, fluentd, awslogs, splunk,
        gcplogs).

    Why it matters:
        Since 20.10, the engine keeps a bounded copy (five files of 20 MB) that ``docker logs`` reads. Without it, the command
        fails with "configured logging driver does not support reading".

    How it is fixed:
        Manually: remove ``cache-disabled`` if logs should be readable on this host too.

    References:
        https://docs.docker.com/engine/logging/dual-logging/
    """
    driver, options = default_driver(config), default_options(config)
    found = DRIVERS.get(driver)
    if found is not None and found.reads == "cache" and options.get("cache-disabled") in {"true", "1", "t", "T"}:
        setting = config.setting("log-opts")
        yield Finding(
            subject=Subject("setting", "log-opts"),
            message=f"the logging driver {driver} does not support reading, and cache-disabled is set: 'docker logs' fails for new containers",
            evidence=(Evidence(setting.place, f"cache-disabled={options['cache-disabled']}"),),
        )
