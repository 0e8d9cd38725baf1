"""Changes of firewalld's zones, in the running daemon and in its files."""

from collections.abc import Callable, Iterator

from doctor.api.actions.base import Intention
from doctor.api.actions.files import EditFile
from doctor.model.action import Stage
from doctor.model.paths import HostPath
from doctor.model.step import Run, Step
from doctor.model.view import View


class ReleaseInterface(Intention, frozen=True, kw_only=True):
    """Take an interface out of a zone of the running firewalld, without a reload. firewalld accepts one that is in no zone."""

    interface: str
    zone: str
    stage: Stage = Stage.FIREWALL

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"take {self.interface} out of firewalld's running zone {self.zone}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the command; its reversal binds the interface again, unless the engine has it now."""
        del view
        change = ("firewall-cmd", f"--zone={self.zone}")
        yield Run(
            argv=(*change, f"--remove-interface={self.interface}"),
            undo=((*change, f"--change-interface={self.interface}"),),
        )


def forget_interface(interface: str, zone: str) -> EditFile:
    """Return the edit that removes an interface from the file of a zone; every other byte is kept."""
    path = HostPath(f"/etc/firewalld/zones/{zone}.xml")
    return EditFile(
        path=path,
        edit=_without(interface),
        what=f"remove the interface {interface} from {path}",
        needs_engine_restart=True,
    )


def _without(interface: str) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        import re  # noqa: PLC0415 - only a repair needs it

        name = re.escape(interface.encode())
        pattern = rb"[ \t]*<interface\s+name=[\"']" + name + rb"[\"']\s*(?:/>|>\s*</interface\s*>)[ \t]*\n?"
        return re.sub(pattern, b"", old)

    return edit
