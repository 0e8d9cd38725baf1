"""A flipped bit changed a container's settings."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.altered_settings import AlteredSettings
from doctor.facts.details import OfFile


@check(
    severity=Severity.WARNING, detail=OfFile, ok="no container's settings differ in one bit from the metadata backup"
)
def container_settings_altered(altered: AlteredSettings) -> Iterator[Finding]:
    """A container's settings differ in one bit from the metadata backup, so the container runs with wrong settings.

    What it looks at:
        ``config.v2.json`` and ``hostconfig.json`` of each container whose files can be read, compared with their digests in
        doctor's metadata backup of this data root. If a digest differs: whether the difference is a single bit. A changed digit
        may be a counter of the engine, and a changed name may be a rename: these are not reported.

    Why it matters:
        Faulty memory and disks flip single bits. The file is still valid JSON, but the container starts with a wrong variable,
        path, limit or capability.

    How it is fixed:
        The file is restored from the backup.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for path, found in altered.items.items():
        yield Finding(
            subject=Subject("file", path),
            message=f"one bit in the settings of container {found.title} is flipped: the container runs with wrong settings",
            evidence=(Evidence(path, f"byte {found.position} differs in one bit from the backup {found.kept.age}"),),
            detail=OfFile(path=path),
        )
