"""Finds how each engine of this host is stopped and started, and the engine that an action needs."""

from doctor.facts.engine.control import EngineControl
from doctor.model.action import Action
from doctor.plugins.engines import engines
from doctor.scan.resolve import Facts


def controls(facts: Facts) -> tuple[EngineControl, ...]:
    """Return the controls of the engines on this host, in stop order; unknown ones are left out."""
    found = (one.control(facts.get) for one in engines())
    return tuple(control for control in found if isinstance(control, EngineControl))


def is_for(action: Action, control: EngineControl) -> bool:
    """Whether an action that needs a restart needs it of this engine; without a name it is the first engine."""
    return (getattr(action, "engine", "") or engines()[0].name) == control.engine
