"""Mounts of the host."""

from collections.abc import Iterator

from msgspec import Struct

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
# Nothing may be mounted a second time over what the engine mounted meanwhile.
_BACK = 'mountpoint -q -- "$3" || exec mount -t overlay -o "$1" -- "$2" "$3"'


class MountPoint(Struct, frozen=True, kw_only=True):
    """Mount what /etc/fstab has for ``path``; undo unmounts it."""

    path: str
    source: str
    fs_type: str
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.CLEAR
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"mount {self.source} at {self.path}, as /etc/fstab has it"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, or nothing where something is mounted there."""
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


class Remount(Struct, frozen=True, kw_only=True):
    """Change the options of one mount; undo gives it those that it had.

    Attributes:
        drop: options that go ("ro"); ``add`` those that come in their place ("rw").
    """

    path: str
    drop: tuple[str, ...]
    add: tuple[str, ...] = ()
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.CLEAR
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"remount {self.path} without {', '.join(self.drop)}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, or nothing where the mount has none of the options."""
        table = decode(view.read(MOUNTINFO, limit_bytes=32 << 20))
        here = [mount for mount in mountinfo.parse(table) if mount.mount_point == self.path]
        if not here or not set(self.drop) & set(here[-1].options):
            return
        # mount(8) changes what is named and leaves the rest: an option that goes is named by its opposite.
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


class SwapOff(Struct, frozen=True, kw_only=True):
    """Take a swap area out of use; what is in it moves to memory. Undo takes it into use again."""

    device: str
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.KERNEL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"take the swap area {self.device} out of use"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command, or nothing where it is out of use."""
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
