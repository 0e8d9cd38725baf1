"""The data root is a relative path."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig


@check(severity=Severity.ERROR, breaks=("storage",), ok="the data root is an absolute path")
def data_root_relative(config: EngineConfig) -> Iterator[Finding]:
    """The data root is a relative path, so overlay2 fails, and the engine uses another directory and a slow driver.

    What it looks at:
        The value of ``data-root`` (or ``--graph``).

    Why it matters:
        dockerd resolves the path from its working directory, which is / under systemd. The overlay's mount then fails, and the
        engine silently uses fuse-overlayfs or vfs in that directory, without images.

    How it is fixed:
        ``--choose`` offers the path below / and the default /var/lib/docker.

    References:
        https://docs.docker.com/engine/daemon/#daemon-data-directory
    """
    for key in ("data-root", "graph"):
        value = config.get(key) if config.is_set(key) else None
        if isinstance(value, str) and value and not value.startswith("/"):
            place = config.setting(key).place
            yield Finding(
                subject=Subject("setting", key),
                message=f"{key} is the relative path '{value}': the engine uses the wrong directory with a slow driver",
                evidence=(Evidence(place, f"{key}: {value}"),),
            )
