"""A container's log is large and has no size limit."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.logging.drivers import Logging, human


@check(severity=Severity.WARNING, detail=OfFile, ok="no large log of a container is without a size limit")
def container_unbounded(logging: Logging) -> Iterator[Finding]:
    """A container's log is large and has no size limit: it grows until the data root's disk is full.

    What it looks at:
        The size of each json-file log, including rotated files, whose container has no ``max-size``: more than 1 GiB, or more
        than a tenth of the file system. Logs that logrotate rotates count as limited.

    Why it matters:
        A container keeps the log options from its creation: a default that is set later does not change them.

    How it is fixed:
        Manually, because the log may be needed. ``truncate -s 0`` empties it safely while the container runs. A recreated
        container gets the engine's default rotation.

    References:
        https://docs.docker.com/engine/logging/configure/#configure-the-default-logging-driver
    """
    for file in logging.endless:
        if logging.is_much(file.size_bytes):
            yield Finding(
                subject=Subject("container", file.container),
                message=f"the log of container {file.container} uses {human(file.size_bytes)} and has no size limit: it will fill the disk",
                evidence=(
                    Evidence(file.path, human(file.size_bytes)),
                    Evidence("its max-size", file.max_size or "none"),
                ),
                detail=OfFile(path=file.path),
            )
