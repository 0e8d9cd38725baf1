"""Let a bridge accept packets from 127.0.0.1."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.details import OfSysctl


@fixer(applicability=Applicability.SAFE)
def route_localnet_off(detail: OfSysctl) -> Iterator[Action]:
    """Set it for the one bridge, as the engine does."""
    yield SetSysctl(key=detail.key, value="1")
