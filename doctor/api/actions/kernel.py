"""Changes of settings and modules of the running kernel."""

from collections.abc import Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.files import EditFile
from doctor.model.action import Stage
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.step import Answer, KernelValue, Run, Step
from doctor.model.text import plural
from doctor.model.view import View

_FLIPPED = {
    "net.ipv4.ip_forward": HostPath("/proc/sys/net/ipv4/conf"),
    "net.ipv4.conf.all.forwarding": HostPath("/proc/sys/net/ipv4/conf"),
    "net.ipv6.conf.all.forwarding": HostPath("/proc/sys/net/ipv6/conf"),
}
"""Settings whose change also sets the forwarding of every interface (ip-sysctl, inet_forward_change)."""


class SetSysctl(Intention, frozen=True, kw_only=True):
    """Set a kernel setting now; ``persist_sysctl`` sets it in sysctl.d."""

    key: str
    value: str
    stage: Stage = Stage.KERNEL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"set {self.key} to {self.value} now"

    @property
    def path(self) -> HostPath:
        """Return the file in /proc/sys; a dot in an interface name is a slash in the key (sysctl(8))."""
        swapped = self.key.translate(str.maketrans("./", "/."))
        return HostPath("/proc/sys/" + swapped)

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the write, nothing if the value is already set."""
        try:
            if view.read(self.path).decode("utf-8", "replace").split() == self.value.split():
                return
            is_open = view.lstat(self.path).mode & 0o200
        except HostError as error:
            if not error.is_absent:
                raise
            is_open = 0o200
        if not is_open:
            reason = f"{self.key} can be set only on the machine itself: sysctl -w {self.key}={self.value}"
            raise HostError(Missing(Why.UNSUPPORTED, reason))
        yield KernelValue(path=self.path, value=self.value, also=tuple(self._also(view)))

    def _also(self, view: View) -> Iterator[str]:
        """Yield the other files that the kernel changes with this one, which undo restores."""
        directory = _FLIPPED.get(self.key)
        if directory is None or not view.exists(directory):
            return
        for name in view.listdir(directory):
            path = HostPath(f"{directory}/{name}/forwarding")
            if path != self.path and view.exists(path):
                yield path


class LoadModule(Intention, frozen=True, kw_only=True):
    """Load a kernel module now; ``predicts`` is the predicted /proc/modules."""

    name: str
    stage: Stage = Stage.KERNEL
    predicts: tuple[Answer, ...] = ()

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"load the kernel module {self.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the modprobe. Its reversal does not remove a module in use."""
        del view
        yield Run(
            argv=("modprobe", self.name),
            undo=(("modprobe", "-r", "-q", self.name),),
            predicts=self.predicts,
        )


class RemoveInstances(Intention, frozen=True, kw_only=True):
    """Remove instances of tracefs; ``kept`` are the other directories there, for the prediction."""

    top: str
    names: tuple[str, ...]
    kept: tuple[str, ...] = ()
    stage: Stage = Stage.KERNEL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"remove {plural(len(self.names), 'instance')} of tracefs that a killed trace left"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the removal. Its reversal creates empty instances of the same names."""
        del view
        paths = tuple(f"{self.top}/{name}" for name in self.names)
        after = "".join(f"{name}\n" for name in self.kept).encode("utf-8", "surrogateescape")
        yield Run(
            argv=("rmdir", *paths),
            undo=(("mkdir", "-p", *paths),),
            predicts=(Answer(ask=("ls", self.top), stdout=after),),
        )


def load_at_boot(name: str) -> EditFile:
    """Return the edit that loads a module at boot, as sysctl.d skips keys of modules that are not loaded yet."""

    def edit(old: bytes) -> bytes:
        word = name.encode()
        if word in old.split():
            return old
        joint = b"" if not old or old.endswith(b"\n") else b"\n"
        return old + joint + word + b"\n"

    return EditFile(
        path=HostPath("/etc/modules-load.d/doctor.conf"),
        edit=edit,
        what=f"load {name} at boot, before sysctl.d is applied",
        create=True,
    )
