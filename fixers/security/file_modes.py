"""Take write access away."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import SetAttributes
from doctor.facts.engine.guarded_files import GuardedFile


@fixer(applicability=Applicability.SAFE)
def file_modes(detail: GuardedFile) -> Iterator[Action]:
    """Only the bits that are too many go; who owns a file is its owner's matter."""
    if detail.uid != 0:
        yield Advise(text=f"chown root:root {detail.path}, when you know why it belongs to user {detail.uid}")
        return
    mode = detail.mode & ~(detail.excess & 0o066) & 0o7777
    yield SetAttributes(path=detail.path, what=f"set the mode of {detail.path} to {mode:04o}", mode=mode)
