"""Mend the build cache's databases, or set the build cache aside."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, EditFile, MendDatabase, Quarantine, Stage


@fixer(applicability=Applicability.SAFE)
def buildkit_db_corrupt(finding: Finding) -> Iterator[Action]:
    """Mend each that has a whole state; if one has none, the files can't be kept together."""
    detail = finding.detail
    if all(is_mendable for _, is_mendable in detail.files):
        for path, _ in detail.files:
            name = path.rpartition("/")[2]
            yield EditFile(path=path, edit=MendDatabase(), what=f"mend the build cache's {name}", stage=Stage.DATABASES)
        return
    yield Quarantine(
        path=detail.directory,
        why="the build cache's databases refer to each other, and one is beyond repair",
        risk=Applicability.DISRUPTIVE,
        stage=Stage.DATABASES,
    )
