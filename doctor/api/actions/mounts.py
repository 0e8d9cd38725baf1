"""Changes of mounts and swap areas."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api.actions.base import Intention
from doctor.formats.host import mountinfo
from doctor.formats.text import decode, encode
from doctor.model.action import Stage
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

MOUNTINFO = HostPath("/proc/self/mountinfo")
SWAPS = HostPath("/proc/swaps")
_OFF = '! mountpoint -q -- "$1" || exec umount -- "$1"'
# Do not mount over a mount that the engine created meanwhile.
_BACK = 'mountpoint -q -- "$3" || exec mount -t overlay -o "$1" -- "$2" "$3"'


class MountPoint(Intention, frozen=True, kw_only=True):
    """Mount ``path`` according to /etc/fstab; undo unmounts it."""

    path: str
    source: str
    fs_type: str
    stage: Stage = Stage.CLEAR

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"mount {self.source.replace('=', ' ')} at {self.path}, as in /etc/fstab"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, nothing if something is mounted there."""
        table = view.read(MOUNTINFO, limit_bytes=32 << 20)
        mounts = mountinfo.parse(decode(table))
        if any(mount.mount_point == self.path for mount in mounts):
            return
        above = mountinfo.covering(mounts, self.path)
        number = max((mount.mount_id for mount in mounts), default=1) + 1
        line = f"{number} {above.mount_id if above else 1} 0:0 / {_escaped(self.path)} rw - {self.fs_type} {_escaped(self.source)} rw\n"
        yield Run(
            argv=("mount", "--", self.path),
            undo=(("sh", "-c", _OFF, "doctor", self.path),),
            predicts=(Answer(ask=("READ", MOUNTINFO), stdout=table + encode(line)),),
        )


class Remount(Intention, frozen=True, kw_only=True):
    """Change the options of one mount; undo restores the original ones.

    Attributes:
        drop: options to remove ("ro"); ``add`` their replacements ("rw").
    """

    path: str
    drop: tuple[str, ...]
    add: tuple[str, ...] = ()
    stage: Stage = Stage.CLEAR

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"remount {self.path} without {', '.join(self.drop)}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, nothing if the mount has none of the options."""
        table = decode(view.read(MOUNTINFO, limit_bytes=32 << 20))
        here = [mount for mount in mountinfo.parse(table) if mount.mount_point == self.path]
        if not here or not set(self.drop) & set(here[-1].options):
            return
        # mount(8) keeps options that are not named: an option is removed by naming its opposite.
        named = tuple(option.removeprefix("no") for option in self.drop if option.startswith("no"))
        kept = (*self.add, *(option for option in here[-1].options if option not in {*self.drop, *self.add}))
        before = f" {_escaped(self.path)} {','.join(here[-1].options)} "
        yield Run(
            argv=("mount", "-o", f"remount,bind,{','.join((*kept, *named))}", "--", self.path),
            undo=(("mount", "-o", f"remount,bind,{','.join(here[-1].options)}", "--", self.path),),
            predicts=(
                Answer(
                    ask=("READ", MOUNTINFO),
                    stdout=encode(table.replace(before, f" {_escaped(self.path)} {','.join(kept)} ")),
                ),
            ),
        )


class SwapOff(Intention, frozen=True, kw_only=True):
    """Disable a swap area (swapoff), which moves its pages to memory. Undo enables it."""

    device: str
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.KERNEL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"disable the swap area {self.device}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, nothing if it is disabled."""
        lines = view.read(SWAPS).splitlines(keepends=True)
        kept = [line for line in lines if line.split()[:1] != [self.device.encode()]]
        if len(kept) != len(lines):
            yield Run(
                argv=("swapoff", "--", self.device),
                undo=(("swapon", "--", self.device),),
                timeout_s=300.0,
                predicts=(Answer(ask=("READ", SWAPS), stdout=b"".join(kept)),),
            )


def _escaped(path: str) -> str:
    return path.replace("\\", "\\134").replace(" ", "\\040")


class UnmountOverlay(Struct, frozen=True, kw_only=True):
    """Unmount the overlay at ``path``; undo mounts it again with the same options, unless something else is mounted there.

    Attributes:
        source: the mounted source; ``options`` as in mountinfo.
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
        """Return its effect and reason."""
        return f"unmount {self.path}: {self.why}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, nothing if nothing is mounted there; a stopping engine may unmount it."""
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
