"""A plan under construction: the chosen actions, and their judged risks."""

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
from doctor.plugins.engines import first_engine
from doctor.repair.planning.choose import Answers
from doctor.repair.planning.obstacle import Obstacle
from doctor.scan.controls import is_for
from doctor.scan.resolve import Facts


class Planned(Struct, frozen=True, kw_only=True):
    """One action at its position. ``engine`` names the engine of a stop or start that the plan adds, "" for other actions."""

    summary: str
    stage: Stage
    risk: Applicability
    findings: tuple[Finding, ...]
    steps: tuple[Step, ...]
    diff: str
    action: Action | None = None
    engine: str = ""


class Chosen(Struct, kw_only=True):
    """One action of the plan.

    Attributes:
        risk: the worst risk for any finding that it resolves.
        session: the session of somebody whose packets take another way then, "" for none.
        reloads: whether a reload of the running engine is sufficient instead of a restart.
    """

    action: Action
    risk: Applicability
    findings: list[Finding]
    session: str = ""
    reloads: bool = False

    @property
    def summary(self) -> str:
        """Its effect, and whose session it may end."""
        return self.action.summary + (f"; the way of {self.session} changes" if self.session else "")

    def restarts(self, control: EngineControl) -> bool:
        """Whether it needs a stop and start of this engine."""
        return self.action.needs_engine_restart and not self.reloads and is_for(self.action, control)


class Draft(Struct):
    """A plan under construction.

    Attributes:
        facts: the facts of the host.
        judged: the risk of each finding's repair, by fingerprint.
        opened: what the user chose to open to the network.
        manual: findings for manual repair, by fingerprint; judged again in each round.
        asked: questions besides actions that are applied anyway, by fingerprint.
        answers: the answers on the command line.
        stops_service: whether an action writes to the root of a running, separate containerd service.
        blocked: why the plan may not stop or start an engine, ``None`` if it may.
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
        """The control of the first engine, which findings about a start concern."""
        name = first_engine().name
        return next((control for control in self.controls if control.engine == name), None)

    @property
    def is_running(self) -> bool:
        """Whether the first engine holds its data root."""
        return self.first is not None and self.first.is_running

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the engines that hold their data roots."""
        return tuple(control.engine for control in self.controls if control.is_running)
