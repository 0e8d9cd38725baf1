"""Log rotation is configured but has no effect."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import default_driver, default_options


@check(severity=Severity.WARNING, ok="the settings for log rotation take effect")
def rotation_ineffective(config: EngineConfig) -> Iterator[Finding]:
    """``max-file`` is set without ``max-size``, so json-file logs grow without limit although rotation seems to be on.

    What it looks at:
        The effective options of the json-file driver for new containers.

    Why it matters:
        A log is rotated when it reaches max-size, which is unlimited by default; max-file is only the number of files to keep.
        The engine accepts max-file alone without a warning.

    How it is fixed:
        ``max-size`` is set to 10m in the same place. Existing containers keep their options.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
    """
    options = default_options(config)
    if default_driver(config) != "json-file" or "max-file" not in options or "max-size" in options:
        return
    setting = config.setting("log-opts")
    yield Finding(
        subject=Subject("setting", "log-opts"),
        message=f"max-file is set in {setting.place}, but max-size is not: logs of new containers grow without limit",
        evidence=(Evidence(setting.place, f"max-file={options['max-file']}"),),
    )
