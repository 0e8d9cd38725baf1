"""A logging option has a value that no container starts with."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.logging.drivers import DRIVERS, bad_values, default_driver, default_options, unknown_options


@check(severity=Severity.ERROR, breaks=("logs",), ok="the logging options have usable values")
def option_value(config: EngineConfig, version: EngineVersion | Missing) -> Iterator[Finding]:
    """A logging option has a value that the driver refuses, so the engine starts and no new container does.

    What it looks at:
        Sizes, counts, ``compress`` with its two conditions, ``mode``, and options without which a driver does not work
        (awslogs-group, gelf-address, splunk-url, splunk-token).

    Why it matters:
        Only names are validated when the engine starts. The value is read when a container does, and fails it with "failed to
        initialize logging driver: invalid size: '10 MB please'".

    How it is fixed:
        A size or a word that can only be meant in one way is set. Otherwise ``--choose`` asks among values that the driver takes, the
        option's removal and, where an option is missing that only its owner knows, json-file.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
    """
    driver, options = default_driver(config), default_options(config)
    release = None if isinstance(version, Missing) else version.release
    problems = {name: why for name, why in bad_values(driver, options).items() if driver != "none"}
    for name in unknown_options(driver, options, release):
        problems.pop(name, None)
    if driver in DRIVERS:
        problems |= {name: f"{name} is missing" for name in DRIVERS[driver].required if name not in options}
    setting = config.setting("log-opts")
    for name, why in problems.items():
        yield Finding(
            subject=Subject("logging option", name),
            message=f"no new container starts with the logging driver {driver}: {why}",
            evidence=(Evidence(setting.place, f"{name}={options[name]}" if name in options else f"no {name}"),),
        )
