"""Start and restart of the engine. The plan merges all requests of actions into one stop and one start."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.model.action import Stage
from doctor.model.step import Step
from doctor.model.view import View


class _EngineRequest(Intention, frozen=True, kw_only=True):
    """A request that the plan merges with all others.

    Attributes:
        engine: name of the engine, "" for the first one.
    """

    reason: str
    engine: str = ""
    stage: Stage = Stage.ENGINE
    needs_engine_restart: bool = True

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing: the plan stops and starts the engine once, at its stage."""
        del view
        yield from ()


class RestartEngine(_EngineRequest, frozen=True, kw_only=True):
    """Make the engine apply its settings. ``reason`` completes "restart the engine so that …".

    The plan reloads the engine instead if a running engine applies ``key`` by a reload, and judges the risk accordingly.

    Attributes:
        key: the changed setting, "" for all.
    """

    key: str = ""

    @property
    def summary(self) -> str:
        """Return its effect and reason."""
        return f"restart the engine so that {self.reason}"


class StartEngine(_EngineRequest, frozen=True, kw_only=True):
    """Start an engine that is down. Nothing runs that it could disturb, so it is safe unless a guard objects."""

    @property
    def summary(self) -> str:
        """Return its effect and reason."""
        return f"start the engine ({self.reason})"
