"""Start the engine."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import StartEngine
from doctor.engines.docker import places as docker
from doctor.facts.engine.control import EngineControl
from doctor.facts.engine.details import EngineDown
from doctor.facts.engine.start import StartBlockers
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def down(
    detail: EngineDown, control: EngineControl, blockers: StartBlockers | Missing, units: EngineUnits | Missing
) -> Iterator[Action]:
    """Start the engine, unless a problem that needs a manual repair blocks its start."""
    reasons = () if isinstance(blockers, Missing) else blockers.reasons
    if not detail.is_wanted:
        if not isinstance(units, Missing) and units.get(docker.SERVICE).load == "masked":
            yield Advise(text="systemctl unmask docker.service && systemctl enable --now docker, if it should run")
        else:
            yield Advise(text="systemctl enable --now docker, if it should run")
    elif control.manual:
        yield Advise(text=control.manual)
    elif reasons:
        yield Advise(text=f"resolve this first, then 'doctor fix --apply' starts the engine: {'; '.join(reasons)}")
    else:
        yield StartEngine(reason="after the problems that block its start are repaired")
