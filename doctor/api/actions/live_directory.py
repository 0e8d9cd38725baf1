"""Creation of an empty directory for a running engine: it has no open files there, so nothing must be stopped."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.made_chains import STAYS
from doctor.model.action import Stage
from doctor.model.paths import HostPath
from doctor.model.step import MadeDirectory, Run, Step
from doctor.model.view import View

_REMOVE = f"""[ ! -d "$1" ] || rmdir "$1" 2>/dev/null || {{ echo "$1 stays: something {STAYS}" >&2; exit 1; }}"""


class MakeLiveDirectory(Intention, frozen=True, kw_only=True):
    """Create ``path`` with ``mode`` for root, while the engine runs; undo removes it if it is empty."""

    path: HostPath
    mode: int
    stage: Stage = Stage.LINKS

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"create {self.path}, which the running engine needs"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one mkdir, nothing if it exists."""
        if not view.exists(self.path):
            yield Run(
                argv=("mkdir", "-m", f"{self.mode:04o}", self.path),
                undo=(("sh", "-c", _REMOVE, "sh", self.path),),
                makes=(MadeDirectory(path=self.path, mode=self.mode),),
            )
