"""The options of a volume are corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.volumes.details import VolumeOptions
from doctor.facts.volumes.volumes import Volumes


@check(
    severity=Severity.CRITICAL,
    detail=VolumeOptions,
    breaks=("storage",),
    stops_start=True,
    ok="the options of each volume can be read",
    messages=(
        Message(
            pattern="error while unmarshaling volume options.*",
            example="error setting up default driver: error while unmarshaling volume options for volume: v2: unexpected end of JSON input",
            means="the opts.json of a volume is corrupt, which stops dockerd",
            do="let 'doctor fix' rebuild it",
        ),
    ),
)
def volume_opts_corrupt(volumes: Volumes) -> Iterator[Finding]:
    """The options of a volume are corrupt, so the engine does not start.

    What it looks at:
        ``opts.json`` of each volume: it must be one JSON object.

    Why it matters:
        dockerd fails with "error while unmarshaling volume options". If the file is just deleted, the engine starts without
        mounting the volume's file system, and the application writes into the empty directory below the mount point.

    How it is fixed:
        From the second copy of the options in the volume database, otherwise from doctor's metadata backup. If the volume has
        no options there, it needs no such file.

    References:
        https://github.com/Nitrokey/nextbox/issues/69
        https://github.com/moby/moby/blob/v26.1.5/volume/local/local.go
    """
    for volume in volumes.items.values():
        if volume.options_status == "broken":
            path = volumes.options_path(volume.name)
            yield Finding(
                subject=Subject("volume", volume.name),
                message=f"the options of volume {volume.name[:40]} are corrupt: the engine can't start",
                evidence=(Evidence(path, volume.options_problem),),
                detail=VolumeOptions(volume=volume.name, path=path),
            )
