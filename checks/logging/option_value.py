"""A logging option has an invalid value, so no new container starts."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.logging.drivers import DRIVERS, bad_values, default_driver, default_options, unknown_options


@check(
    severity=Severity.ERROR,
    breaks=("logs",),
    ok="the logging options have valid values",
    messages=(
        Message(
            pattern=r"failed to initialize logging driver: (?:invalid size\b.*|max-file\b.*|compress\b.*|logger: .*)",
            example="failed to create task for container: failed to initialize logging driver: invalid size: '10 mbb'.",
            means="a logging option has an invalid value, so no container starts",
            do='correct the value in "log-opts"',
        ),
    ),
)
def option_value(config: EngineConfig, version: EngineVersion | Missing) -> Iterator[Finding]:
    """A logging option has a value that the driver rejects, so the engine starts but new containers do not.

    What it looks at:
        Sizes, counts, ``compress`` with its two conditions, ``mode``, and required options (awslogs-group, gelf-address,
        splunk-url, splunk-token).

    Why it matters:
        The engine's start validates only names. The value is read at a container's start, which fails with "failed to initialize
        logging driver: invalid size: '10 MB please'".

    How it is fixed:
        If a size or word can have only one meaning, it is corrected. Otherwise ``--choose`` offers values that the driver accepts
        and the removal of the option; if a required option is missing, it offers json-file.

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
            message=f"an option of the logging driver {driver} is invalid ({why}): no new container starts",
            evidence=(Evidence(setting.place, f"{name}={options[name]}" if name in options else f"no {name}"),),
        )
