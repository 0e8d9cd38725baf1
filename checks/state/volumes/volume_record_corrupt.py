"""A record in the volume database is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.volumes.flaws import VolumeFlaws


@check(severity=Severity.WARNING, detail=OfFile, ok="each record in the volume database is valid")
def volume_record_corrupt(flaws: VolumeFlaws) -> Iterator[Finding]:
    """A record in a valid volume database is corrupt: the volume has no labels and options, or wrong ones.

    What it looks at:
        Each record in ``volumes/metadata.db``, decoded as dockerd does, compared with its key, the volumes' directories and
        their ``opts.json``, and with the metadata backup if it differs from that in one bit.

    Why it matters:
        dockerd skips a record that it can't decode and reports that only in its log. It finds the volume again by its
        directory, without labels and options: ``docker volume prune`` and tools that select by label handle it differently.

    How it is fixed:
        The record is restored from the backup, or the bit is flipped back if only one bit explains it. A copy of the file is
        kept.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
    """
    if not flaws.flawed:
        return
    first = next((one for one in flaws.flawed if one.refused), flaws.flawed[0])
    more = f" and {len(flaws.flawed) - 1} more" if len(flaws.flawed) > 1 else ""
    what = "the engine ignores its labels and options" if first.refused else "its labels or options are wrong"
    message = f"the record of volume {first.ids[-1][:40]}{more} is corrupt: {what}"
    if first.kind == "bucket":
        message = (
            "the name of the volumes' bucket in the volume database is corrupt: the engine sees no labels and options"
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
