"""Settings and modules of the running kernel."""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.model.action import Stage
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Kernel, Run, Step
from doctor.model.view import View

_CONF = HostPath("/proc/sys/net/ipv4/conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSysctl:
    """Set a kernel setting now; a file of sysctl.d is another action."""

    key: str
    value: str
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.KERNEL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"set {self.key} to {self.value} now"

    @property
    def path(self) -> HostPath:
        """Return the file of /proc/sys; in interface names a dot is written as a slash in the key (sysctl(8))."""
        swapped = self.key.translate(str.maketrans("./", "/."))
        return HostPath("/proc/sys/" + swapped)

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the write, or nothing when the value is already so."""
        try:
            if view.read(self.path).decode("utf-8", "replace").split() == self.value.split():
                return
        except HostError as error:
            if not error.is_absent:
                raise
        yield Kernel(path=self.path, value=self.value, also=tuple(self._also(view)))

    def _also(self, view: View) -> Iterator[str]:
        """Writing ip_forward flips every interface's forwarding (ip-sysctl, inet_forward_change): undo needs them all."""
        if self.key != "net.ipv4.ip_forward" or not view.exists(_CONF):
            return
        for name in view.listdir(_CONF):
            path = HostPath(f"{_CONF}/{name}/forwarding")
            if view.exists(path):
                yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadModule:
    """Load a kernel module now; ``predicts`` says what /proc/modules will hold."""

    name: str
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.KERNEL
    needs_engine_restart: bool = False
    predicts: tuple[Answer, ...] = ()

    @property
    def summary(self) -> str:
        """Return what it does."""
        return f"load the kernel module {self.name}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the modprobe. Its reversal leaves a module that something uses in place."""
        del view
        yield Run(
            argv=("modprobe", self.name),
            undo=(("modprobe", "-r", "-q", self.name),),
            predicts=self.predicts,
        )
