"""Rotation is set up and rotates nothing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import default_driver, default_options


@check(severity=Severity.WARNING, ok="what is set for log rotation works")
def rotation_ineffective(config: EngineConfig) -> Iterator[Finding]:
    """``max-file`` is set without ``max-size``, so json-file logs grow without end although rotation seems to be on.

    What it looks at:
        The options of the json-file driver that are in force for new containers.

    Why it matters:
        A log is rotated when it reaches max-size, which is unlimited by default; max-file only says how many are kept. The
        engine takes the one without the other and says nothing.

    How it is fixed:
        ``max-size`` is set to 10m beside it. Containers keep the options they were made with.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
    """
    options = default_options(config)
    if default_driver(config) != "json-file" or "max-file" not in options or "max-size" in options:
        return
    setting = config.setting("log-opts")
    yield Finding(
        subject=Subject("setting", "log-opts"),
        message=f"logs of new containers grow without end: max-file is set in {setting.place}, and max-size is not",
        evidence=(Evidence(setting.place, f"max-file={options['max-file']}"),),
    )
