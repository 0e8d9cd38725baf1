"""Writes of files that the engine mounts into a running container."""

import hashlib
import posixpath
from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.model.action import Stage
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_WRITE = """[ -f "$1" ] && [ ! -L "$1" ] || { echo "$1 is not a file" >&2; exit 1; }; exec cat >"$1" """
_RESTORE = """[ -e "$1" ] || exit 0
[ -f "$1" ] && [ ! -L "$1" ] || { echo "$1 is not a file" >&2; exit 1; }
found=$(sha256sum <"$1") || exit 1
found=${found%% *}
[ "$found" != "$3" ] || exit 0
[ "$found" = "$2" ] || [ ! -s "$1" ] || { echo "$1 was changed since the repair and stays as it is" >&2; exit 1; }
exec cat >"$1" """
"""Ends without a change if the container is gone or nothing was written; an interrupted write leaves an empty file."""


class WriteInPlace(Intention, frozen=True, kw_only=True):
    """Write resolv.conf or hosts of a running container in place: a new file at the path would not be the mounted one.

    The engine runs on: it writes these files when it attaches a network, and expects that programs of the container write them.

    Attributes:
        now: the content now, and ``wanted`` the new one.
    """

    path: str
    now: bytes
    wanted: bytes
    container: str
    stage: Stage = Stage.LINKS

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"write the engine's content of {posixpath.basename(self.path)} of container {self.container}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the write, which leaves mode and owner alone."""
        del view
        ours, before = (hashlib.sha256(content).hexdigest() for content in (self.wanted, self.now))
        yield Run(
            argv=("sh", "-c", _WRITE, "sh", self.path),
            stdin=self.wanted,
            undo=(("sh", "-c", _RESTORE, "sh", self.path, ours, before),),
            undo_stdin=(self.now,),
            predicts=(Answer(ask=("READ", self.path), stdout=self.wanted),),
        )
