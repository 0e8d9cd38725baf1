"""Files that make a network manager leave the engine's interfaces alone."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.files import WriteFile
from doctor.facts.network.links import DEFAULT_BRIDGE, USER_BRIDGE
from doctor.facts.network.takers import BridgeTaker
from doctor.model.paths import HostPath

_HEAD = "# Written by doctor: the engine configures these interfaces itself. 'doctor undo' removes this file.\n"
_NETWORKD = HostPath("/etc/systemd/network/00-doctor-engine.network")
_MANAGER = HostPath("/etc/NetworkManager/conf.d/99-doctor-engine.conf")
_DIGIT = "[0-9a-f]"


def leave_alone(taker: BridgeTaker | None) -> Iterator[WriteFile | Advise]:
    """Yield the file that makes a program leave a bridge alone from the next boot on, or the change that a person can make."""
    if taker is None:
        return
    name = taker.path.rpartition("/")[2]
    is_networkd = taker.program in {"systemd-networkd", "netplan"}
    if taker.is_meant or (is_networkd and taker.program != "netplan" and name <= _NETWORKD.rpartition("/")[2]):
        yield Advise(
            text=f"remove {taker.device} from {taker.place}: {taker.program} configures {taker.bridge} from there"
        )
    elif is_networkd:
        yield _write(_NETWORKD, _network(taker.bridge), taker)
    elif taker.program == "NetworkManager":
        line = f"unmanaged-devices+=interface-name:{taker.bridge}"
        yield _write(_MANAGER, f"{_HEAD}[keyfile]\n{line}\n", taker)
    else:
        yield Advise(text=f"remove the part for {taker.device} from {taker.place}")


def _network(bridge: str) -> str:
    names = f"{DEFAULT_BRIDGE} br-{_DIGIT * 12} veth{_DIGIT * 7}"
    more = "" if bridge == DEFAULT_BRIDGE or USER_BRIDGE.fullmatch(bridge) else f" {bridge}"
    return f"{_HEAD}[Match]\nName={names}{more}\n\n[Link]\nUnmanaged=yes\n"


def _write(path: HostPath, content: str, taker: BridgeTaker) -> WriteFile:
    return WriteFile(
        path=path,
        content=content.encode(),
        what=f"write {path}, so that {taker.program} leaves {taker.bridge} alone from the next boot on",
    )
