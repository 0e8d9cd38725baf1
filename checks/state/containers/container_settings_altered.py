"""A flipped bit has changed a container's settings."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.altered_settings import AlteredSettings
from doctor.facts.details import OfFile


@check(
    severity=Severity.WARNING, detail=OfFile, ok="no container's settings are one bit away from those that a backup has"
)
def container_settings_altered(altered: AlteredSettings) -> Iterator[Finding]:
    """A container's settings differ in a single bit from those of the metadata backup, so it runs with others than it was given.

    What it looks at:
        ``config.v2.json`` and ``hostconfig.json`` of each container whose files can be read, by the digest that doctor's
        metadata backup of this root has of them. Where it differs: whether a single bit does. One digit for another is the
        engine's own counting, and another name may be a rename: nothing is said of these.

    Why it matters:
        Bad memory and bad disks flip single bits. The file is still JSON, and the container starts with another variable,
        path, limit or capability than somebody chose.

    How it is fixed:
        The file is written from the backup.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for path, found in altered.items.items():
        yield Finding(
            subject=Subject("file", path),
            message=f"container {found.title} has other settings than it was given: one bit of them is flipped",
            evidence=(Evidence(path, f"byte {found.position} differs in one bit from the backup {found.kept.age}"),),
            detail=OfFile(path=path),
        )
