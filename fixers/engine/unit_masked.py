"""Ask whether to unmask a unit."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.units import UnmaskUnit
from doctor.facts.engine.details import MaskedUnit
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unit_masked(detail: MaskedUnit, units: EngineUnits) -> Iterator[Action]:
    """Show the command, and unmask the unit if the user chooses so: masking it was a decision."""
    name, together = detail.name, detail.together
    by_hand = f"systemctl unmask {' '.join(together)}"
    yield Choose(
        question=f"whether to unmask {name} (manually: {by_hand} && systemctl start docker)",
        options=(
            Choosable(
                name="unmask",
                evidence=(Evidence("systemctl show", f"{name}: LoadState={units.get(name).load}"),),
                actions=(UnmaskUnit(name=name),),
            ),
        ),
    )
