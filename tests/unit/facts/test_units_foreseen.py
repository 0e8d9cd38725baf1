"""Predicted states of systemd's units: several actions are combined, and a running unit is not masked."""

from pathlib import Path

from doctor.api.actions.units import ReloadUnits, UnmaskUnit
from doctor.facts.engine.units import SHOW, EngineUnits, UnitState, parse
from doctor.host.overlay import OverlayHost
from tests.cases.case import find


def seen(overlay: OverlayHost) -> EngineUnits:
    return parse(overlay.run(SHOW).text)


def test_several_actions_add_up(tmp_path: Path) -> None:
    """A second action predicts from the first one's result, not from the host as it was."""
    overlay = OverlayHost(find("engine/unit-masked/service").build(tmp_path / "host"))
    before = seen(overlay)
    assert before.get("docker.service").load == "masked"
    for action in (UnmaskUnit(name="docker.service"), UnmaskUnit(name="docker.socket"), ReloadUnits(units=before)):
        for step in action.steps(overlay):
            overlay.apply(step)
        assert seen(overlay).get("docker.service").load == "loaded"
        assert seen(overlay).get("containerd.service").active == "active"


def test_a_unit_that_was_started_is_not_masked() -> None:
    masked = EngineUnits(units=(UnitState(name="docker.service", load="masked", active="inactive"),))
    assert masked.changed("docker.service", active="active").get("docker.service").load == "loaded"
    assert masked.changed("docker.socket", active="active").get("docker.service").load == "masked"
