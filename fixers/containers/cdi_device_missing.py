"""Advise how to generate a CDI specification."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def cdi_device_missing(finding: Finding) -> Iterator[Action]:
    """Show the command; the tool of the driver knows the devices."""
    kind = finding.subject.name.partition("=")[0]
    if kind.startswith("nvidia.com/"):
        text = "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; nvidia-ctk cdi list"
    else:
        text = f"generate the specification of {kind} with the tool of its vendor; see: ls /etc/cdi /var/run/cdi"
    yield Advise(text=text)
