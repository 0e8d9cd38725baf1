"""Merges a systemd unit with its drop-ins; each setting has its file and line."""

from collections.abc import Iterable

from msgspec import Struct

from doctor.formats.config.flag_edit import Located

DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Directories of units, highest priority first (systemd.unit(5))."""


class UnitSetting(Struct, frozen=True, kw_only=True):
    """One assignment in a unit or drop-in.

    Attributes:
        path: the file, as the caller names it.
        line: where it starts, counted from 1.
        section: "Service".
        key: "ExecStart".
        value: joined to one line, without blanks around it; "" resets a list.
        offsets: position of each letter of `value` in the file.
    """

    path: str
    line: int
    section: str
    key: str
    value: str
    offsets: tuple[int, ...]

    @property
    def command(self) -> Located:
        """The value as a command; its first word is the program."""
        return Located(value=self.value, offsets=self.offsets, escapes=True, skipped=1)


class Unit(Struct, frozen=True, kw_only=True):
    """A unit with its drop-ins: all settings, in the order in which systemd applies them."""

    settings: tuple[UnitSetting, ...]

    def listed(self, section: str, key: str) -> tuple[UnitSetting, ...]:
        """The effective settings of a list: those after the last empty one."""
        found: list[UnitSetting] = []
        for setting in self.settings:
            if setting.key == key and setting.section == section:
                if setting.value:
                    found.append(setting)
                else:
                    found.clear()
        return tuple(found)

    def last(self, section: str, key: str) -> UnitSetting | None:
        """The effective setting of a plain value; None if it isn't set, or was reset."""
        found = self.listed(section, key)
        return found[-1] if found else None


def parse(text: str, path: str = "") -> tuple[UnitSetting, ...]:
    r"""The settings of one file in order. Never raises: lines without "=" are skipped, as systemd does with a warning.

    A backslash at a line's end joins the next with a blank; comment lines in between are skipped
    (systemd.syntax(7)).

    >>> unit = "[Service]\nExecStart=/usr/bin/dockerd \\\n# why\n  -H fd://\n"
    >>> [(s.line, s.key, s.value) for s in parse(unit)]
    [(2, 'ExecStart', '/usr/bin/dockerd    -H fd://')]
    """
    found: list[UnitSetting] = []
    section = ""
    letters: list[str] = []
    offsets: list[int] = []
    position = begun = 0
    for number, raw in enumerate(text.split("\n"), start=1):
        start, position = position, position + len(raw) + 1
        line = raw.removesuffix("\r")
        bare = line.strip()
        if bare.startswith(("#", ";")) or (not bare and not letters):
            continue
        if not letters:
            begun = number
        joins = line.endswith("\\")
        letters.extend(line[:-1] + " " if joins else line)
        offsets.extend(range(start, start + len(line)))
        if joins:
            continue
        section = _take(found, "".join(letters), offsets, section, (path, begun))
        letters, offsets = [], []
    if letters:
        _take(found, "".join(letters), offsets, section, (path, begun))
    return tuple(found)


def merge(files: Iterable[tuple[str, str]]) -> Unit:
    """A unit from its files as (path, text): the unit itself, then its drop-ins in the order of `drop_in_order`."""
    return Unit(settings=tuple(setting for path, text in files for setting in parse(text, path)))


def unit_path(name: str, paths: Iterable[str]) -> str | None:
    """The unit among the existing paths: the one in the directory of highest priority; None without one.

    >>> unit_path("docker.service", ["/lib/systemd/system/docker.service", "/etc/systemd/system/docker.service"])
    '/etc/systemd/system/docker.service'
    """
    existing = set(paths)
    return next((f"{folder}/{name}" for folder in DIRECTORIES if f"{folder}/{name}" in existing), None)


def drop_in_order(name: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The effective drop-ins, in the order in which they are applied.

    All *.conf of NAME.d and of the type's directory ("service.d"), sorted by file name whatever the directory; of one
    name only that of highest priority: NAME.d before the type's, then the order of DIRECTORIES.

    >>> drop_in_order("docker.service", ["/usr/lib/systemd/system/docker.service.d/b.conf",
    ...     "/etc/systemd/system/docker.service.d/b.conf", "/run/systemd/system/docker.service.d/a.conf"])
    ('/run/systemd/system/docker.service.d/a.conf', '/etc/systemd/system/docker.service.d/b.conf')
    """
    kind = name.rpartition(".")[2]
    folders = [f"{folder}/{own}.d" for own in (name, kind) for folder in DIRECTORIES]
    rank = {folder: number for number, folder in enumerate(folders)}
    chosen: dict[str, str] = {}
    for path in paths:
        folder, _, file = path.rpartition("/")
        if folder not in rank or not file.endswith(".conf"):
            continue
        held = chosen.get(file)
        if held is None or rank[folder] < rank[held.rpartition("/")[0]]:
            chosen[file] = path
    return tuple(chosen[file] for file in sorted(chosen))


def _take(found: list[UnitSetting], line: str, offsets: list[int], section: str, where: tuple[str, int]) -> str:
    """Add the setting of a joined line; returns the section after it."""
    bare = line.strip()
    if bare.startswith("[") and bare.endswith("]"):
        return bare[1:-1]
    key, equals, value = line.partition("=")
    if equals:
        start = len(key) + 1 + len(value) - len(value.lstrip())
        value = value.strip()
        found.append(
            UnitSetting(
                path=where[0],
                line=where[1],
                section=section,
                key=key.strip(),
                value=value,
                offsets=tuple(offsets[start : start + len(value)]),
            )
        )
    return section
