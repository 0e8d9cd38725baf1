"""Mounts of the host."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.model.action import Stage
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

MOUNTINFO = HostPath("/proc/self/mountinfo")
# Nothing may be mounted a second time over what the engine mounted meanwhile.
_BACK = 'mountpoint -q -- "$3" || exec mount -t overlay -o "$1" -- "$2" "$3"'


class UnmountOverlay(Struct, frozen=True, kw_only=True):
    """Unmount the overlay at ``path``; undo mounts it again as it was, where nothing else is mounted then.

    Attributes:
        source: what was mounted; ``options`` as mountinfo shows them.
    """

    path: HostPath
    source: str
    options: str
    why: str
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.CLEAR
    needs_engine_restart: bool = True

    @property
    def summary(self) -> str:
        """Return what it does and why."""
        return f"unmount {self.path}: {self.why}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, or nothing where nothing is mounted there; an engine that stops may take it along."""
        lines = view.read(MOUNTINFO, limit_bytes=32 << 20).splitlines(keepends=True)
        place = self.path.encode()
        kept = [line for line in lines if line.split(b" ")[4:5] != [place]]
        if len(kept) == len(lines):
            return
        yield Run(
            argv=("umount", "--", self.path),
            undo=(("sh", "-c", _BACK, "doctor", self.options, self.source, self.path),),
            predicts=(Answer(ask=("READ", MOUNTINFO), stdout=b"".join(kept)),),
            may_fail=True,
        )
