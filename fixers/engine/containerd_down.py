"""Start containerd."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.units import StartUnit
from doctor.facts.engine.units import EngineUnits


@fixer(applicability=Applicability.SAFE)
def containerd_down(finding: Finding, units: EngineUnits | Missing) -> Iterator[Action]:
    """Start its unit, or tell to look at it."""
    if finding.detail.unit and isinstance(units, EngineUnits):
        yield StartUnit(name=finding.detail.unit, units=units)
    elif finding.detail.settings:
        yield Advise(text=f"edit {finding.detail.settings}, then systemctl restart containerd.service")
    elif finding.detail.is_masked:
        yield Advise(text="systemctl unmask containerd.service && systemctl start containerd.service")
    else:
        yield Advise(
            text="systemctl start containerd.service, or start containerd as this host does; journalctl -u "
            "containerd.service -n 50 shows why it ends"
        )
