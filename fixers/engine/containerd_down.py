"""Start containerd."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.units import StartUnit
from doctor.facts.engine.details import ContainerdDown
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def containerd_down(detail: ContainerdDown, units: EngineUnits | Missing) -> Iterator[Action]:
    """Start containerd's unit; if that can't work, show advice."""
    if detail.unit and isinstance(units, EngineUnits):
        yield StartUnit(name=detail.unit, units=units)
    elif detail.settings:
        yield Advise(text=f"edit {detail.settings}, then systemctl restart containerd.service")
    elif detail.is_masked:
        yield Advise(text="systemctl unmask containerd.service && systemctl start containerd.service")
    else:
        yield Advise(
            text="systemctl start containerd.service, or start containerd as usual on this host; journalctl -u "
            "containerd.service -n 50 shows why it exits"
        )
