"""json-file logs grow without limit."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.logging.drivers import Logging, default_driver, default_options, human

_SHOWN = 5


@check(severity=Severity.WARNING, ok="no container's log grows without limit")
def unbounded(config: EngineConfig, logging: Logging) -> Iterator[Finding]:
    """Logs without rotation fill the disk that holds all images and containers.

    What it looks at:
        Whether new containers get ``max-size``, and the total size of the json-file logs of containers without it: more than
        1 GiB, or more than a tenth of the file system. Logs that logrotate rotates count as limited.

    Why it matters:
        By default, json-file does not rotate logs. When the file system is full, containers can't write, images can't be pulled,
        and the engine may not start.

    How it is fixed:
        Rotation (three files of 10 MB) becomes the default of new containers. Existing containers keep their options until they
        are recreated. Their logs are data, so doctor does not truncate them.

    References:
        https://docs.docker.com/engine/logging/drivers/json-file/
        https://docs.docker.com/engine/logging/configure/
    """
    files = logging.endless
    total = sum(file.size_bytes for file in files)
    options = default_options(config)
    is_bounded = options.get("max-size", "-1") != "-1" or default_driver(config) != "json-file"
    if is_bounded or not logging.is_much(total):
        return
    top = files[:_SHOWN]
    names = ", ".join(f"{file.container} {human(file.size_bytes)}" for file in top)
    yield Finding(
        subject=Subject("setting", "log-opts"),
        message=f"logs grow without limit and use {human(total)} of the data root's disk: {names}",
        evidence=(
            *(Evidence(file.path, human(file.size_bytes)) for file in top),
            Evidence(config.setting("log-opts").place, f"max-size: {options.get('max-size', 'not set')}"),
        ),
    )
