"""Mend containerd's database, or set it aside where nothing depends on it."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, EditFile, MendDatabase, Quarantine, Stage


@fixer(applicability=Applicability.SAFE)
def containerd_db_corrupt(finding: Finding) -> Iterator[Action]:
    """Open it at a whole tree; without one, never let an engine start on an empty one while images live with it."""
    detail = finding.detail
    if detail.is_mendable:
        yield EditFile(path=detail.path, edit=MendDatabase(), what="mend containerd's database", stage=Stage.DATABASES)
    elif detail.holds_images:
        yield Advise(
            text=f"don't start the engine or containerd: restore {detail.path} from a backup first, or copy its contents and "
            "snapshots away; the first clean-up deletes them"
        )
    else:
        yield Quarantine(
            path=detail.path, why="it lists only containers that ran, and none runs now", stage=Stage.DATABASES
        )
