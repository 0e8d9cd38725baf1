"""A change of rules in a container's network namespace, by the host's programs; the container does not restart."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.api.actions.base import Intention
from doctor.api.actions.firewall.iptables import EditFirewall
from doctor.api.actions.firewall.made_chains import Asks, asking
from doctor.api.actions.firewall.nft_rules import AcceptByNftPolicy, DeleteNftRule
from doctor.facts.path.ends.details import ContainerPlace
from doctor.host.base import CommandResult
from doctor.model.action import Stage
from doctor.model.severity import Applicability
from doctor.model.step import Step
from doctor.model.view import View

_ENTER = """
pid=$1 inode=$2 gone=$3
shift 3
if [ "$(readlink "/proc/$pid/ns/net")" != "net:[$inode]" ]; then
    echo 'its process runs in another network namespace now' >&2
    exit "$gone"
fi
exec nsenter "--net=/proc/$pid/ns/net" "$@"
"""
"""A number of a process is used again: the namespace must be the one that the rules were read from."""


class InContainer(Intention, frozen=True, kw_only=True):
    """Another change of rules, done in a container's network namespace.

    An undo does nothing if the namespace has gone: its rules went with it.

    Attributes:
        place: the container.
        action: the change, as it would be on the host.
    """

    place: ContainerPlace
    action: EditFirewall | DeleteNftRule | AcceptByNftPolicy
    risk: Applicability = Applicability.DISRUPTIVE
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect and where."""
        return f"in container {self.place.container}: {self.action.summary}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the commands of the change, each in the namespace."""
        view = asking(view)
        prefix = ("nsenter", f"--net=/proc/{self.place.pid}/ns/net")
        for step in self.action.commands(_Inside(view, prefix)):
            yield replace(
                step,
                argv=self._within(step.argv, 1),
                undo=tuple(self._within(argv, 0) for argv in step.undo),
                predicts=tuple(replace(one, ask=(*prefix, *one.ask)) for one in step.predicts),
            )

    def _within(self, argv: tuple[str, ...], gone: int) -> tuple[str, ...]:
        return ("sh", "-c", _ENTER, "sh", str(self.place.pid), str(self.place.inode), str(gone), *argv)


class _Inside(Struct, frozen=True):
    """Runs a view's commands in a network namespace, exactly as the collectors do."""

    view: Asks
    prefix: tuple[str, ...]

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a read-only command there."""
        return self.view.run((*self.prefix, *argv), timeout_s=timeout_s, stdin=stdin)
