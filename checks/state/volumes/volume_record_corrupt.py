"""A record of the volume database is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.volumes.flaws import VolumeFlaws


@check(severity=Severity.WARNING, detail=OfFile, ok="every record of the volume database is as the engine writes it")
def volume_record_corrupt(flaws: VolumeFlaws) -> Iterator[Finding]:
    """A record inside a whole volume database is damaged: the volume loses its labels and options, or has others.

    What it looks at:
        Each record of ``volumes/metadata.db``, decoded as dockerd does, against its key, the volumes' directories and their
        ``opts.json``, and against the metadata backup where it differs from that in a single bit.

    Why it matters:
        dockerd skips a record that it can't decode, and says so only in its log. The volume is found again by its
        directory, without labels and options: ``docker volume prune`` and tools that select by label treat it otherwise.

    How it is fixed:
        The record is written from the backup, else the one bit is flipped back where only one bit explains it. The file
        is kept.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
    """
    if not flaws.flawed:
        return
    first = next((one for one in flaws.flawed if one.refused), flaws.flawed[0])
    more = f" and {len(flaws.flawed) - 1} more" if len(flaws.flawed) > 1 else ""
    what = "the engine skips it, with its labels and options" if first.refused else "its labels or options are altered"
    message = f"the record of volume {first.ids[-1][:40]}{more} is damaged: {what}"
    if first.kind == "bucket":
        message = (
            "the engine sees no labels and options of any volume: the name of the bucket that holds them is damaged"
        )
    yield Finding(
        subject=Subject("file", flaws.path),
        message=message,
        evidence=tuple(
            Evidence(flaws.path, f"bucket volumes, key {one.ids[-1]}: {one.problem}") for one in flaws.flawed[:8]
        ),
        severity=Severity.ERROR if any(one.refused or one.kind == "bucket" for one in flaws.flawed) else None,
        detail=OfFile(path=flaws.path),
    )
