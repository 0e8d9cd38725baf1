"""Advise how to generate a CDI specification again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def cdi_spec_stale(finding: Finding) -> Iterator[Action]:
    """Show the command; the tool of the driver knows what belongs in the file."""
    yield Advise(
        text=f"if nvidia-smi works: nvidia-ctk cdi generate --output={finding.subject.name}; if it shows 'Driver/library version "
        "mismatch', reboot first"
    )
