"""The data root is no absolute path."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig


@check(severity=Severity.ERROR, breaks=("storage",), ok="the data root is an absolute path")
def data_root_relative(config: EngineConfig) -> Iterator[Finding]:
    """The data root is a relative path, so overlay2 fails and the engine works somewhere else on a slow driver.

    What it looks at:
        ``data-root`` (or ``--graph``) as it is set.

    Why it matters:
        dockerd takes it relative to its working directory, which is / under systemd. The overlay's mount then fails, and the engine
        silently runs on fuse-overlayfs or vfs in that place, with no images.

    How it is fixed:
        ``--choose`` asks: the path below /, or the default /var/lib/docker.

    References:
        https://docs.docker.com/engine/daemon/#daemon-data-directory
    """
    for key in ("data-root", "graph"):
        value = config.get(key) if config.is_set(key) else None
        if isinstance(value, str) and value and not value.startswith("/"):
            place = config.setting(key).place
            yield Finding(
                subject=Subject("setting", key),
                message=f"the engine works in the wrong place on a slow driver: {key} is the relative path {value!r}",
                evidence=(Evidence(place, f"{key}: {value}"),),
            )
