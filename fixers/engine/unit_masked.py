"""Ask whether a masked unit is to run again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choose, Option
from doctor.api.actions.units import UnmaskUnit
from doctor.facts.engine.details import MaskedUnit
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def unit_masked(detail: MaskedUnit, units: EngineUnits) -> Iterator[Action]:
    """Name the command, and unmask it where a person says so: masking it was somebody's decision."""
    name, together = detail.name, detail.together
    by_hand = f"systemctl unmask {' '.join(together)}"
    yield Choose(
        question=f"whether {name} may be started again (by hand: {by_hand} && systemctl start docker)",
        options=(
            Option(
                name="unmask",
                evidence=(Evidence("systemctl show", f"{name}: LoadState={units.get(name).load}"),),
                actions=(UnmaskUnit(name=name),),
            ),
        ),
    )
