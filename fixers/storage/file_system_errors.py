"""Advise how to check a file system with errors."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def file_system_errors(finding: Finding) -> Iterator[Action]:
    """Show the commands: the data first, then a check that changes nothing."""
    device = f"/dev/{finding.subject.name}"
    kind = next((word for word in ("XFS", "BTRFS") if any(word in one.value for one in finding.evidence)), "")
    look = {"XFS": f"xfs_repair -n {device}", "BTRFS": f"btrfs check {device}"}.get(kind, f"e2fsck -fn {device}")
    yield Advise(
        text="save images, volumes and writable layers to another disk: 'doctor salvage --to DIR --volumes --containers'; "
        f"then stop the engine, unmount the file system and look at it: {look}"
    )
