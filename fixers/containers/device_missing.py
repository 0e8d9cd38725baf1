"""Say how a device comes back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def device_missing(finding: Finding) -> Iterator[Action]:
    """Only a person can plug it in."""
    path = finding.subject.name
    yield Advise(
        text=f"bring {path} back (plug it in; load its module; ls -l /dev/serial/by-id /dev/disk/by-id shows names that stay), or "
        "create its containers again with the device's new name"
    )
