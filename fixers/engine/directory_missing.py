"""Recreate a directory that the running engine needs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.live_directory import MakeLiveDirectory
from doctor.facts.engine.details import GoneDirectory


@fixer(applicability=Applicability.SAFE)
def directory_missing(detail: GoneDirectory) -> Iterator[Action]:
    """Create the directory empty; if another user owns the data root, show advice."""
    if detail.uid or detail.gid:
        yield Advise(text=f"mkdir -m {detail.mode:04o} {detail.path}; chown {detail.uid}:{detail.gid} {detail.path}")
    else:
        yield MakeLiveDirectory(path=detail.path, mode=detail.mode)
