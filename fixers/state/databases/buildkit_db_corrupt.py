"""Repair the databases of the build cache, or quarantine the build cache."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import EditFile, Quarantine
from doctor.api.actions.state import RepairDatabase, ReplaceRecords
from doctor.engines.docker import places as docker
from doctor.facts.databases.buildkit_items import corrected_item
from doctor.facts.databases.details import BuildCacheBroken
from doctor.model.paths import join
from doctor.model.text import plural


@fixer(applicability=Applicability.SAFE)
def buildkit_db_corrupt(detail: BuildCacheBroken) -> Iterator[Action]:
    """Open each database at a valid state; if one has none, quarantine all, because they refer to each other."""
    records = tuple((key, value, corrected_item(value)) for key, value in detail.records)
    if all(is_repairable for _, is_repairable in detail.files) and all(right for _, _, right in records):
        for path, _ in detail.files:
            name = path.rpartition("/")[2]
            yield EditFile(
                path=path, edit=RepairDatabase(), what=f"repair {name} of the build cache", stage=Stage.DATABASES
            )
        if records:
            yield EditFile(
                path=join(detail.directory, docker.BUILDKIT_METADATA),
                edit=ReplaceRecords(pairs=tuple((key + value, key + (right or b"")) for key, value, right in records)),
                what=f"correct one flipped bit in {plural(len(records), 'record')} in metadata_v2.db of the build cache",
                stage=Stage.DATABASES,
            )
        return
    yield Quarantine(
        path=detail.directory,
        why="the databases of the build cache refer to each other, and one can't be repaired",
        risk=Applicability.DISRUPTIVE,
        stage=Stage.DATABASES,
    )
