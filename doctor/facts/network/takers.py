"""Programs of the host that configure the engine's bridges, although these belong to the engine."""

import shlex
from collections.abc import Iterable

from msgspec import Struct

from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.links import DEFAULT_BRIDGE, USER_BRIDGE
from doctor.model.finding import Evidence
from doctor.model.missing import Missing

_NETWORK_MANAGER = "NetworkManager"


class BridgeTaker(Struct, frozen=True, kw_only=True):
    """A part of a file by which a program configures a bridge of the engine.

    Attributes:
        device: the name or the pattern that the file gives.
        is_meant: whether the file names a bridge that has no name of the engine's: somebody may want this.
        named: all bridges that the same part of the file configures, if somebody named them.
    """

    bridge: str
    program: str
    device: str
    path: str
    place: str
    is_meant: bool
    named: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """Return it for a finding."""
        said = f"{self.program} configures {self.bridge}: it changes the bridge again at the next boot"
        if self.program != _NETWORK_MANAGER or shlex.quote(self.path) != self.path:
            return Evidence(self.place, said)
        # It reads only names with its own ending.
        return Evidence(self.place, f"{said}; if nobody needs that: mv {self.path} {self.path}.off")


def taker_of(files: HostNetworkFiles | Missing, bridge: str, bridges: Iterable[str] = ()) -> BridgeTaker | None:
    """Return the program that configures a bridge, ``None`` if no file does or they were not read."""
    if isinstance(files, Missing) or (found := files.takes(bridge)) is None:
        return None
    named = tuple(one for one in (bridge, *bridges) if not _has_engines_name(one) and files.takes(one) == found)
    return BridgeTaker(
        bridge=bridge,
        program=found.program,
        device=found.device,
        path=found.path,
        place=found.place,
        is_meant=found.device == bridge and not _has_engines_name(bridge),
        named=tuple(dict.fromkeys(named)),
    )


def _has_engines_name(bridge: str) -> bool:
    return bridge == DEFAULT_BRIDGE or USER_BRIDGE.fullmatch(bridge) is not None
