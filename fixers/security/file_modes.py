"""Take write access away."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import SetAttributes


@fixer(applicability=Applicability.SAFE)
def file_modes(finding: Finding) -> Iterator[Action]:
    """Only the bits that are too many go; who owns a file is its owner's matter."""
    file = finding.detail
    if file.uid != 0:
        yield Advise(text=f"chown root:root {file.path}, when you know why it belongs to user {file.uid}")
        return
    mode = file.mode & ~(file.excess & 0o066) & 0o7777
    yield SetAttributes(path=file.path, what=f"set the mode of {file.path} to {mode:04o}", mode=mode)
