"""systemd units: start one, make systemd read its files again."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.unit_states import SHOW, EngineUnits
from doctor.model.action import Stage
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View


class ReloadUnits(Struct, frozen=True, kw_only=True):
    """Make systemd read the unit files again; nothing that runs is touched."""

    units: EngineUnits
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.CONFIG
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return "make systemd read its unit files again"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command; its reversal is the same, since the files decide."""
        del view
        command = ("systemctl", "daemon-reload")
        answer = Answer(ask=SHOW, stdout=self.units.changed("", needs_reload=False).render())
        yield Run(argv=command, undo=(command,), predicts=(answer,))


class StartUnit(Struct, frozen=True, kw_only=True):
    """Start a unit that is not active."""

    name: str
    units: EngineUnits
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.FIREWALL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"start {self.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the start, after what may hold it back from earlier failures is cleared."""
        del view
        yield Run(argv=("systemctl", "reset-failed", self.name), may_fail=True)
        yield Run(
            argv=("systemctl", "start", self.name),
            undo=(("systemctl", "stop", self.name),),
            timeout_s=90.0,
            predicts=(Answer(ask=SHOW, stdout=self.units.changed(self.name, active="active").render()),),
        )
