"""Turn IPv4 forwarding on."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, SetSysctl


@fixer(applicability=Applicability.SAFE)
def ip_forward_off(finding: Finding) -> Iterator[Action]:
    """Turn forwarding on now."""
    yield SetSysctl(key=finding.detail.key, value="1")
