"""Finds how each engine of this host is stopped and started, and the engine that an action needs."""

from doctor.api.engine import Engine
from doctor.facts.engine.control import EngineControl
from doctor.model.action import Action
from doctor.model.missing import Missing
from doctor.plugins.engines import engines, first_engine
from doctor.scan.resolve import Facts


def controls(facts: Facts) -> tuple[EngineControl, ...]:
    """Return the controls of the engines on this host, in stop order; unknown ones are left out."""
    found = (_control(one, facts) for one in engines())
    return tuple(control for control in found if isinstance(control, EngineControl))


def _control(engine: Engine, facts: Facts) -> EngineControl | Missing | None:
    """Return the control of an engine; without one, its data root still needs its locks: an engine without a daemon has them too."""
    control = engine.control(facts.get)
    root = engine.root(facts.host, facts.get) if control is None else None
    if root is None:
        return control
    return EngineControl(engine=engine.name, manager="none", data_roots=(root.path, *root.places), has_api=False)


def is_for(action: Action, control: EngineControl) -> bool:
    """Whether an action that needs a restart needs it of this engine; without a name it is the first engine."""
    return (getattr(action, "engine", "") or first_engine().name) == control.engine
