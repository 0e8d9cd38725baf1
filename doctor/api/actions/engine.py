"""Start or restart the engine. The plan makes one stop and one start of all that actions ask for."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.model.action import Stage
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View


class RestartEngine(Struct, frozen=True, kw_only=True):
    """Make the engine read its settings again. ``reason`` completes "restart the engine so that …".

    What it costs is judged by what happens: the plan reloads instead where a running engine takes ``key`` that way.

    Attributes:
        key: the one setting that it is for, "" for all.
        engine: which engine, "" for the first one.
    """

    reason: str
    key: str = ""
    engine: str = ""
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.ENGINE
    needs_engine_restart: bool = True

    @property
    def summary(self) -> str:
        """Return what it does and why."""
        return f"restart the engine so that {self.reason}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing itself: the plan stops and starts the engine once, for all actions that need it."""
        del view
        yield from ()


class StartEngine(Struct, frozen=True, kw_only=True):
    """Start an engine that is down. Nothing runs that it could disturb, so it is safe where no guard says otherwise."""

    reason: str
    engine: str = ""
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.ENGINE
    needs_engine_restart: bool = True

    @property
    def summary(self) -> str:
        """Return what it does and why."""
        return f"start the engine ({self.reason})"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield nothing itself: the plan starts the engine once, at its stage."""
        del view
        yield from ()
