"""One container's log has grown large and nothing bounds it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.logging.drivers import Logging, human


@check(severity=Severity.WARNING, detail=OfFile, ok="no container has a large log that nothing bounds")
def container_unbounded(logging: Logging) -> Iterator[Finding]:
    """A container's log is large and grows without end, until the disk of all images and containers is full.

    What it looks at:
        The size of each json-file log, rotated parts included, whose container has no ``max-size`` of its own: more than 1 GiB,
        or a tenth of the file system. Logs that logrotate rotates count as bounded.

    Why it matters:
        A container keeps the log options it was made with: a default that was set later does not reach it.

    How it is fixed:
        By a person: the log is data that somebody may need. ``truncate -s 0`` empties it safely while the container runs; made
        again, the container takes the engine's default rotation.

    References:
        https://docs.docker.com/engine/logging/configure/#configure-the-default-logging-driver
    """
    for file in logging.endless:
        if logging.is_much(file.size_bytes):
            yield Finding(
                subject=Subject("container", file.container),
                message=f"the log of container {file.container} takes {human(file.size_bytes)} and grows without end",
                evidence=(
                    Evidence(file.path, human(file.size_bytes)),
                    Evidence("its max-size", file.max_size or "none"),
                ),
                detail=OfFile(path=file.path),
            )
