"""Advise how to restore a device."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, set_aside


@fixer(applicability=Applicability.MANUAL)
def device_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; only the user can plug in the device."""
    path = finding.subject.name
    yield Advise(
        text=f"restore {path} (plug it in, or load its module; ls -l /dev/serial/by-id /dev/disk/by-id shows permanent names), or "
        f"create its containers again with the device's new name, after {set_aside()}"
    )
