"""The .network files of systemd-networkd, and which of them is for an interface of the engine."""

from fnmatch import fnmatchcase

from msgspec import Struct

from doctor.facts.network.links import DEFAULT_BRIDGE, USER_BRIDGE
from doctor.facts.network.takers import BridgeTaker
from doctor.model.missing import Missing

_NEVER = frozenset({"Path", "PermanentMACAddress", "SSID", "BSSID", "WLANInterfaceType"})
"""Conditions that no bridge and no veth of the engine meets."""
_RENDERED = "10-netplan-"
ANY_VETH = "veth0000000"
"""Stands for the interfaces of containers: those that are there, and those of the next ones."""


class NetworkdFile(Struct, frozen=True, kw_only=True):
    """One file, with its drop-ins.

    Attributes:
        line: of its section [Match].
        match: condition → its words; a name has a condition "Name" whichever of its two spellings the file uses.
        is_unmanaged: whether networkd leaves the interfaces alone.
        keeps: whether it keeps addresses that it did not set itself (``KeepConfiguration=``).
    """

    path: str
    line: int = 1
    match: dict[str, tuple[str, ...]] = {}
    is_unmanaged: bool = False
    keeps: bool = False

    @property
    def place(self) -> str:
        """Return file and line."""
        return f"{self.path}:{self.line}"

    def matches(self, name: str, kind: str) -> bool | None:
        """Whether it is for an interface ("bridge" or "veth"); ``None`` if that depends on what is not known.

        networkd ignores a file without conditions. A veth has the type "ether", a bridge the type "bridge" (seen with systemd 257).
        """
        if not self.match or not _NEVER.isdisjoint(self.match):
            return False
        values = {"Name": name, "Kind": kind, "Driver": kind, "Type": "ether" if kind == "veth" else kind}
        is_open = False
        for condition, words in self.match.items():
            if condition not in values:
                is_open = True
            elif not _is_one_of(values[condition], words):
                return False
        return None if is_open else True


class NetworkdFiles(Struct, frozen=True, kw_only=True):
    """All files in the order in which networkd tries them: the first that is for an interface is used."""

    files: tuple[NetworkdFile, ...] = ()
    gaps: tuple[Missing, ...] = ()

    def taker(self, name: str, kind: str, named: tuple[str, ...] = ()) -> BridgeTaker | None:
        """Return the file by which networkd surely changes an interface of the engine, ``None`` if none does.

        A file that names exactly this bridge, whose name somebody gave, is meant so. One that keeps foreign addresses does a
        bridge no harm; a veth is detached even so.
        """
        for file in self.files:
            matches = file.matches(name, kind)
            if matches is False:
                continue
            words = " ".join(file.match.get("Name", ())) or ", ".join(file.match)
            is_meant = words == name and not has_engine_name(name)
            if matches is None or file.is_unmanaged or is_meant or (file.keeps and kind == "bridge"):
                return None
            rendered = file.path.rpartition("/")[2].startswith(_RENDERED)
            return BridgeTaker(
                bridge="veth*" if name == ANY_VETH else name,
                program="netplan" if rendered else "systemd-networkd",
                device=words,
                path=file.path,
                place=file.place,
                is_meant=False,
                named=named,
            )
        return None


def has_engine_name(bridge: str) -> bool:
    """Whether the engine gave a bridge its name."""
    return bridge == DEFAULT_BRIDGE or USER_BRIDGE.fullmatch(bridge) is not None


def _is_one_of(value: str, words: tuple[str, ...]) -> bool:
    """Whether a value is in a list of patterns; "!" before the first one excludes what is in the list."""
    if words and words[0].startswith("!"):
        return not any(fnmatchcase(value, word) for word in (words[0][1:], *words[1:]))
    return any(fnmatchcase(value, word) for word in words)
