"""Make systemd read unit files again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.units import ReloadUnits
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unit_drift(units: EngineUnits) -> Iterator[Action]:
    """Reload; nothing that runs is touched."""
    yield ReloadUnits(units=units)
