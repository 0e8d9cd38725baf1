"""Changes of systemd units: start, unmask, reload."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.files import missing_parents
from doctor.engines.docker import places as docker
from doctor.facts.engine.units import SHOW, EngineUnits, parse
from doctor.formats.config import unit_command, unit_file
from doctor.formats.text import decode, encode
from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.model.step import Answer, File, Move, Put, Run, Step
from doctor.model.view import View

_MASKS = ("/etc/systemd/system", "/run/systemd/system")
_WANTS = ("multi-user.target.wants", "sockets.target.wants")
OPTIONAL_FILES = join(docker.DROPINS, "zz-doctor-environment.conf")


class OptionalFiles(Intention, frozen=True, kw_only=True):
    """Override the environment files of docker.service in a drop-in, with a dash before missing ones.

    Attributes:
        files: the unit and its drop-ins, in the order in which systemd reads them.
        missing: the environment files that the unit may start without.
    """

    files: tuple[str, ...]
    missing: tuple[str, ...]
    stage: Stage = Stage.CONFIG

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"make {', '.join(self.missing)} optional for docker.service in the drop-in {OPTIONAL_FILES}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the drop-in, built from the unit at that time."""
        unit = unit_file.merge((path, decode(view.read(HostPath(path)))) for path in self.files)
        lines = ["[Service]", "# The list of the unit; a file with a dash may be missing.", "EnvironmentFile="]
        for path, optional in unit_command.environment_files(unit):
            lines.append(f"EnvironmentFile={'-' if optional or path in self.missing else ''}{path}")
        yield from missing_parents(view, OPTIONAL_FILES)
        yield Put(path=OPTIONAL_FILES, node=File(content=encode("\n".join([*lines, ""]))))


class ReloadUnits(Intention, frozen=True, kw_only=True):
    """Make systemd reload its unit files; running units are not affected."""

    units: EngineUnits
    stage: Stage = Stage.CONFIG

    @property
    def summary(self) -> str:
        """Return its effect."""
        return "make systemd reload its unit files"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command; its reversal is the same command, because the files decide."""
        command = ("systemctl", "daemon-reload")
        answer = Answer(ask=SHOW, stdout=_foreseen(view, self.units).changed("", needs_reload=False).render())
        yield Run(argv=command, undo=(command,), predicts=(answer,))


class StartUnit(Intention, frozen=True, kw_only=True):
    """Start a unit that is not active."""

    name: str
    units: EngineUnits
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"start {self.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the start, after a reset of its failure counter."""
        after = _foreseen(view, self.units).changed(self.name, active="active")
        yield Run(argv=("systemctl", "reset-failed", self.name), may_fail=True)
        yield Run(
            argv=("systemctl", "start", self.name),
            undo=(("systemctl", "stop", self.name),),
            timeout_s=90.0,
            predicts=(Answer(ask=SHOW, stdout=after.render()),),
        )


class UnmaskUnit(Intention, frozen=True, kw_only=True):
    """Remove the link that masks a unit, and reload systemd; nothing is started."""

    name: str
    stage: Stage = Stage.CONFIG

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"unmask {self.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the removal of each mask between two reloads: the first one is for undo, which ends with it."""
        command = ("systemctl", "daemon-reload")
        yield Run(argv=command, undo=(command,))
        for directory in _MASKS:
            path = HostPath(f"{directory}/{self.name}")
            if view.exists(path) and _is_mask(view, path):
                yield Move(path=path)
        is_enabled = any(view.exists(HostPath(f"{_MASKS[0]}/{wants}/{self.name}")) for wants in _WANTS)
        after = _foreseen(view, EngineUnits(units=())).unmasked(self.name, is_enabled=is_enabled)
        yield Run(argv=command, predicts=(Answer(ask=SHOW, stdout=after.render()),))


def _foreseen(view: View, before: EngineUnits) -> EngineUnits:
    """Return the units as predicted so far: several actions of a plan may change them."""
    try:
        return parse(decode(view.run(SHOW).stdout))
    except HostError:
        return before


def _is_mask(view: View, path: HostPath) -> bool:
    """Whether systemd regards it as a mask: a link to /dev/null, or an empty file."""
    found = view.lstat(path)
    if found.kind == "l":
        return view.readlink(path) == "/dev/null"
    return found.kind == "f" and found.size == 0
