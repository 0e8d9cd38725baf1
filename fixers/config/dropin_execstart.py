"""Let a drop-in replace the unit's command."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import clear_command


@fixer(applicability=Applicability.SAFE)
def dropin_execstart(finding: Finding) -> Iterator[Action]:
    """Put the empty line before the drop-in's command that systemd asks for."""
    if finding.detail is None:
        yield Advise(text="a package's own files set ExecStart= twice: reinstall the package")
    else:
        yield clear_command(finding.detail.file)
