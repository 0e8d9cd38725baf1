"""The plan while it grows: the actions that were chosen, and what was judged of them."""

import msgspec
from msgspec import Struct

from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.action import Action, Stage
from doctor.model.finding import Finding
from doctor.model.report import ManualFix
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.plugins.catalog import Catalog
from doctor.plugins.engines import engines
from doctor.repair.planning.choose import Answers
from doctor.repair.planning.obstacle import Obstacle
from doctor.scan.controls import is_for
from doctor.scan.resolve import Facts


class Planned(Struct, frozen=True, kw_only=True):
    """One action in its place. ``engine`` names the engine of a stop or start that the plan itself adds, "" for any other action."""

    summary: str
    stage: Stage
    risk: Applicability
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    diff: str
    action: Action | None = None
    engine: str = ""


class Chosen(Struct, kw_only=True):
    """One action that the plan takes.

    Attributes:
        risk: the worst judged for any finding that it resolves.
        reloads: the running engine takes its effect by a reload, so that it needs no restart.
    """

    action: Action
    risk: Applicability
    findings: list[Finding]
    reloads: bool = False

    def restarts(self, control: EngineControl) -> bool:
        """Whether it asks for a stop and start of this engine."""
        return self.action.needs_engine_restart and not self.reloads and is_for(self.action, control)


class Draft(Struct):
    """The plan while it grows.

    Attributes:
        facts: those of the host as it is.
        judged: what the repair of each finding costs, by fingerprint.
        opened: what a person chose to open to others.
        manual: what is left to a person, by fingerprint; judged again in each round.
        asked: questions beside actions that are done either way, by fingerprint.
        answers: what was chosen on the command line.
        stops_service: whether an action writes what a containerd holds that is a service of its own and runs.
        blocked: why no engine may be stopped or started by it, ``None`` if it may.
    """

    host: Host
    catalog: Catalog
    ids: tuple[str, ...]
    allow: Applicability
    wanted: frozenset[str]
    data_roots: tuple[str, ...]
    controls: tuple[EngineControl, ...]
    facts: Facts
    deep: bool
    chosen: list[Chosen] = []
    judged: dict[str, Applicability] = {}
    opened: set[str] = set()
    manual: dict[str, ManualFix] = {}
    asked: dict[str, ManualFix] = {}
    answers: Answers = msgspec.field(default_factory=Answers)
    handled: set[str] = set()
    stops_service: bool = False
    blocked: Obstacle | None = None

    @property
    def first(self) -> EngineControl | None:
        """The control of the first engine: the one that findings about a start speak of."""
        name = engines()[0].name
        return next((control for control in self.controls if control.engine == name), None)

    @property
    def is_running(self) -> bool:
        """Whether the first engine holds its data root."""
        return self.first is not None and self.first.is_running

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the engines that hold their data roots."""
        return tuple(control.engine for control in self.controls if control.is_running)
