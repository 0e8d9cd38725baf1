"""Files that make a network manager leave the engine's interfaces alone."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import WriteFile
from doctor.facts.network.links import DEFAULT_BRIDGE
from doctor.facts.network.takers import BridgeTaker
from doctor.model.finding import Evidence
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability

_HEAD = "# Written by doctor: the engine configures these interfaces itself. 'doctor undo' removes this file.\n"
_NETWORKD = HostPath("/etc/systemd/network/00-doctor-engine.network")
_MANAGER = HostPath("/etc/NetworkManager/conf.d/99-doctor-engine.conf")
_DIGIT = "[0-9a-f]"


def leave_alone(taker: BridgeTaker | None) -> Iterator[WriteFile | Choose | Advise]:
    """Yield the file that makes a program leave a bridge alone from the next boot on, or the change that a person can make.

    If the file names a bridge that somebody named, a person is asked: both may be meant.
    """
    if taker is None:
        return
    write = _file_for(taker)
    if write is None:
        text = f"remove {taker.device} from {taker.place}: {taker.program} changes {taker.bridge} at each boot"
        # Beside the repair of the bridge: it does not wait for a person.
        yield Advise(text=text, risk=Applicability.SAFE)
    elif taker.is_meant:
        yield Choose(
            question=f"whose {taker.bridge} is from the next boot on",
            options=(
                Choosable(
                    name="engine",
                    evidence=(Evidence("docker network ls", f"{taker.bridge} is a bridge of one of its networks"),),
                    actions=(write,),
                ),
                Choosable(name=taker.program, evidence=(taker.evidence,), actions=()),
            ),
        )
    else:
        yield write


def _file_for(taker: BridgeTaker) -> WriteFile | None:
    """Return the file that its program reads, ``None`` if there can't be one."""
    if taker.program == "NetworkManager":
        line = f"unmanaged-devices+=interface-name:{taker.bridge}"
        return _write(_MANAGER, f"{_HEAD}[keyfile]\n{line}\n", taker)
    name = "10-netplan" if taker.program == "netplan" else taker.path.rpartition("/")[2]
    if taker.program in {"systemd-networkd", "netplan"} and name > _NETWORKD.rpartition("/")[2]:
        return _write(_NETWORKD, _network(taker.named), taker)
    return None


def _network(named: tuple[str, ...]) -> str:
    names = f"{DEFAULT_BRIDGE} br-{_DIGIT * 12} veth{_DIGIT * 7}"
    return f"{_HEAD}[Match]\nName={' '.join((names, *named))}\n\n[Link]\nUnmanaged=yes\n"


def _write(path: HostPath, content: str, taker: BridgeTaker) -> WriteFile:
    return WriteFile(
        path=path,
        content=content.encode(),
        what=f"write {path}, so that {taker.program} leaves {taker.bridge} alone from the next boot on",
    )
