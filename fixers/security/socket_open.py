"""Close a socket to everybody."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.files import SetAttributes


@fixer(applicability=Applicability.SAFE)
def socket_open(finding: Finding) -> Iterator[Action]:
    """Take away what is too much; owner and group keep theirs."""
    file = finding.detail
    mode = file.mode & file.allowed
    yield SetAttributes(path=file.path, what=f"set the mode of {file.path} to {mode:04o}", mode=mode)
