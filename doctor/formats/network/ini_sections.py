"""Reads files of sections with ``key=value`` lines: units of systemd, keyfiles of NetworkManager; lines are counted."""

from collections.abc import Iterator

from msgspec import Struct


class IniLine(Struct, frozen=True, kw_only=True):
    """One setting: its line counted from 1, key and value without blanks around them."""

    line: int
    key: str
    value: str


class IniSection(Struct, frozen=True, kw_only=True):
    """One section: its title, and its settings in order. A title may come more than once."""

    title: str
    line: int
    lines: tuple[IniLine, ...]

    def all(self, key: str) -> Iterator[IniLine]:
        """Yield the settings of a key."""
        return (one for one in self.lines if one.key == key)

    def last(self, key: str) -> str:
        """Return the last value of a key, "" if it is not set."""
        return next((one.value for one in reversed(self.lines) if one.key == key), "")


def sections(text: str, *, joins_lines: bool = False) -> tuple[IniSection, ...]:
    r"""The sections of a file in order. Never raises; a line that is neither title nor setting is skipped.

    Args:
        text: the file.
        joins_lines: whether a backslash at the end of a line continues it on the next, as in units of systemd.

    >>> [(s.title, [(l.line, l.key, l.value) for l in s.lines]) for s in sections("[Match]\n# x\nName = a \\\n b\n", joins_lines=True)]
    [('Match', [(3, 'Name', 'a b')])]
    """
    found: list[IniSection] = []
    title, start, lines = "", 0, list[IniLine]()
    for number, line in _joined(text) if joins_lines else enumerate(map(str.strip, text.split("\n")), 1):
        if line.startswith("[") and line.endswith("]"):
            found.append(IniSection(title=title, line=start, lines=tuple(lines)))
            title, start, lines = line[1:-1], number, []
        elif line and line[0] not in "#;" and "=" in line:
            key, _, value = line.partition("=")
            lines.append(IniLine(line=number, key=key.strip(), value=value.strip()))
    found.append(IniSection(title=title, line=start, lines=tuple(lines)))
    return tuple(found[1:] if not found[0].lines else found)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first; a comment between two parts does not end the line."""
    parts: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if parts and line[:1] in {"#", ";"}:
            continue
        start = start if parts else number
        if line.endswith("\\") and line[:1] not in {"#", ";"}:
            parts.append(line[:-1].strip())
            continue
        yield start, " ".join((*parts, line)) if parts else line
        parts = []
    if parts:
        yield start, " ".join(parts)
