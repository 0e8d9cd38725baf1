"""Mend the build cache's databases, or set the build cache aside."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import EditFile, Quarantine
from doctor.api.actions.state import MendDatabase, ReplaceRecords
from doctor.facts.databases.buildkit_items import mended_item
from doctor.facts.databases.details import BuildCacheBroken
from doctor.model.paths import join


@fixer(applicability=Applicability.SAFE)
def buildkit_db_corrupt(detail: BuildCacheBroken) -> Iterator[Action]:
    """Mend each that has a whole state; if one has none, the files can't be kept together."""
    records = tuple((key, value, mended_item(value)) for key, value in detail.records)
    if all(is_mendable for _, is_mendable in detail.files) and all(right for _, _, right in records):
        for path, _ in detail.files:
            name = path.rpartition("/")[2]
            yield EditFile(path=path, edit=MendDatabase(), what=f"mend the build cache's {name}", stage=Stage.DATABASES)
        if records:
            yield EditFile(
                path=join(detail.directory, "metadata_v2.db"),
                edit=ReplaceRecords(pairs=tuple((key + value, key + (right or b"")) for key, value, right in records)),
                what=f"flip one bit back in {len(records)} record(s) of the build cache's metadata_v2.db",
                stage=Stage.DATABASES,
            )
        return
    yield Quarantine(
        path=detail.directory,
        why="the build cache's databases refer to each other, and one is beyond repair",
        risk=Applicability.DISRUPTIVE,
        stage=Stage.DATABASES,
    )
