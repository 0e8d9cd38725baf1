"""Reload systemd's unit files."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.units import ReloadUnits
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unit_drift(units: EngineUnits) -> Iterator[Action]:
    """Reload systemd's unit files; no running unit is affected."""
    yield ReloadUnits(units=units)
