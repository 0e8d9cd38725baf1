"""Reads the .network files of systemd-networkd, if it runs or is enabled."""

from doctor.facts.host.processes import Processes
from doctor.facts.network.networkd_files import NetworkdFile, NetworkdFiles
from doctor.formats.network.ini_sections import IniSection, sections
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_PROGRAM = "systemd-networkd"
_ENABLED = HostPath("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service")
_DIRECTORIES = (
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
)
_MAX_BYTES = 1 << 18
_MANY_FILES = 128
_SPELLINGS = {"OriginalName": "Name"}
_YES = frozenset({"1", "yes", "y", "true", "t", "on"})
_KEEPING = _YES | {"static"}


@collector
def networkd_files(host: Host, processes: Processes | Missing) -> NetworkdFiles:
    """Return the files by name; one in /etc hides files of its name in later directories."""
    runs = isinstance(processes, Processes) and bool(processes.of_host(_PROGRAM))
    if not runs and not _is_enabled(host):
        raise HostError(Missing(Why.ABSENT, "systemd-networkd neither runs nor is enabled"))
    reader = _NetworkReader(host)
    return NetworkdFiles(files=reader.files(), gaps=tuple(reader.gaps))


def _is_enabled(host: Host) -> bool:
    try:
        host.lstat(_ENABLED)
    except HostError as error:
        if error.is_absent:
            return False
        raise
    return True


class _NetworkReader:
    """Reads each file once; one that can't be read is a gap."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []
        self.listed = {directory: self._names(directory) for directory in _DIRECTORIES}

    def files(self) -> tuple[NetworkdFile, ...]:
        """Return the files in the order of their names."""
        return tuple(self._file(path) for path in self._first_of_name(self.listed, ".network"))

    def _file(self, path: HostPath) -> NetworkdFile:
        name = path.rpartition("/")[2]
        found = sections(self._text(path), joins_lines=True)
        tops = {
            f"{top}/{name}.d": self._names(f"{top}/{name}.d")
            for top, names in self.listed.items()
            if f"{name}.d" in names
        }
        for part in self._first_of_name(tops, ".conf"):
            found += sections(self._text(part), joins_lines=True)
        return _parsed(found, path)

    def _first_of_name(self, listed: dict[str, list[str]], ending: str) -> list[HostPath]:
        found: dict[str, HostPath] = {}
        for directory, names in listed.items():
            for name in names:
                if name.endswith(ending):
                    found.setdefault(name, HostPath(f"{directory}/{name}"))
        return [found[name] for name in sorted(found)[:_MANY_FILES]]

    def _names(self, directory: str) -> list[str]:
        try:
            return list(self.host.listdir(HostPath(directory)))
        except HostError as error:
            self._note(error)
            return []

    def _text(self, path: HostPath) -> str:
        """Return the text of a file; "" for one that is missing, or masked by a link to /dev/null."""
        try:
            if self.host.lstat(path, follow=True).kind != "f":
                return ""
            return decode(self.host.read(path, limit_bytes=_MAX_BYTES))
        except HostError as error:
            self._note(error)
            return ""

    def _note(self, error: HostError) -> None:
        if not error.is_absent:
            self.gaps.append(error.missing)


def _parsed(found: tuple[IniSection, ...], path: HostPath) -> NetworkdFile:
    """Return what counts of a file and its drop-ins: an empty value clears a list, the last one of others wins."""
    match: dict[str, tuple[str, ...]] = {}
    settings: dict[str, str] = {}
    for section in found:
        for line in section.lines:
            if section.title == "Match":
                key = _SPELLINGS.get(line.key, line.key)
                match[key] = (*match.get(key, ()), *line.value.split()) if line.value else ()
            else:
                settings[f"{section.title}.{line.key}"] = line.value.lower()
    return NetworkdFile(
        path=path,
        line=next((section.line for section in found if section.title == "Match"), 1),
        match={key: words for key, words in match.items() if words},
        is_unmanaged=settings.get("Link.Unmanaged", "") in _YES,
        keeps=settings.get("Network.KeepConfiguration", "") in _KEEPING,
    )
