"""Repair corrupt records in the volume database."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import ReplaceRecords
from doctor.engines.docker import places as docker
from doctor.facts.details import OfFile
from doctor.facts.volumes.flaws import VolumeFlaws, corrected_volume
from doctor.rebuild.network.mend import SetRecords


@fixer(applicability=Applicability.SAFE)
def volume_record_corrupt(detail: OfFile, flaws: VolumeFlaws) -> Iterator[Action]:
    """Restore the record from the backup, or flip the bit back."""
    if flaws.flawed[0].kind == "bucket":
        pairs = tuple((one.key, one.kept) for one in flaws.flawed)
        what = "correct one flipped bit in the name of the volumes' bucket"
        yield EditFile(path=detail.path, edit=ReplaceRecords(pairs=pairs), what=what, stage=Stage.DATABASES)
        return
    changes: dict[bytes, bytes] = {}
    names = []
    for found in flaws.flawed:
        mended = corrected_volume(flaws, found)
        if mended is not None:
            changes |= mended[0]
            names.append(found.ids[-1][:40])
    if changes:
        yield EditFile(
            path=detail.path,
            edit=SetRecords(bucket=docker.VOLUME_BUCKET.encode(), changes=changes),
            what=f"repair the {'record of volume' if len(names) == 1 else 'records of volumes'} {', '.join(names)}",
            stage=Stage.DATABASES,
        )
