"""Environment files: /etc/sysconfig/docker, /etc/default/docker and those of EnvironmentFile=.

systemd reads them by its own rules, init scripts source them with a shell. Both agree on the usual forms:
assignments, quotes of both kinds, a backslash at the line's end that joins lines, comments.
"""

import re

from msgspec import Struct

from doctor.formats.config import flag_edit, words
from doctor.formats.text import line_end
from doctor.model.errors import FormatError

_HEAD = re.compile(r"[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")


class Assignment(Struct, frozen=True, kw_only=True):
    """One assignment.

    Attributes:
        name: the variable.
        value: its value, without quotes.
        line: the line where it begins, counted from 1.
        start: offset of the raw value (its opening quote, or first letter) in the text.
        end: offset after the raw value, line ends excluded.
        offsets: position of each letter of `value` in the text.
        is_exported: written with "export", which a shell accepts and systemd skips.
    """

    name: str
    value: str
    line: int
    start: int
    end: int
    offsets: tuple[int, ...]
    is_exported: bool

    @property
    def located(self) -> flag_edit.Located:
        """The value as a place for dockerd's flags."""
        return flag_edit.Located(value=self.value, offsets=self.offsets, escapes=False)


def parse(text: str) -> tuple[Assignment, ...]:
    r"""The assignments in order; the last of a name counts. Never raises: other lines are skipped.

    A "#" after a value is part of it, as for systemd, which joins it even to a quoted part; a shell reads it as a
    comment.

    >>> [(a.name, a.value) for a in parse('# x\nOPTIONS="--log-driver=journald \\\n--debug"\nEMPTY=\n')]
    [('OPTIONS', '--log-driver=journald --debug'), ('EMPTY', '')]
    """
    found = []
    position, line = 0, 1
    while position < len(text):
        head = _HEAD.match(text, position)
        if head is None:
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
        else:
            end, letters = _read_value(text, head.end())
            found.append(_assignment(text, head, end, line, letters))
        line += text.count("\n", position, end + 1)
        position = end + 1
    return tuple(found)


def variables(text: str, *, exported: bool = True) -> dict[str, str]:
    """Every variable with its effective value; `exported` False leaves out "export X=…", as systemd does."""
    return {entry.name: entry.value for entry in parse(text) if exported or not entry.is_exported}


def last(text: str, name: str) -> Assignment | None:
    """The effective assignment of a variable; None if it isn't set."""
    return next((entry for entry in reversed(parse(text)) if entry.name == name), None)


def set_flag(text: str, name: str, flag: str, value: str) -> str:
    """The text with a dockerd flag set in a variable: its value replaced in place, else `--flag=value` added.

    Of a flag given several times the last, which counts, is changed. Every other byte stays.

    Args:
        text: the file.
        name: the variable ("OPTIONS").
        flag: with or without its dashes ("--log-driver").
        value: of letters that no quoting touches.

    Raises:
        FormatError: the value has letters that would need quoting.

    >>> set_flag("OPTIONS='--selinux-enabled --log-driver=journald'", "OPTIONS", "--log-driver", "json-file")
    "OPTIONS='--selinux-enabled --log-driver=json-file'"
    """
    long = flag.lstrip("-")
    if not words.is_plain(value):
        raise FormatError(f"the value {value[:60]!r} would need quoting")
    entry = last(text, name)
    if entry is None:
        joint = "" if not text or text.endswith("\n") else line_end(text)
        return f'{text}{joint}{name}="--{long}={value}"{line_end(text)}'
    changed = flag_edit.replace(text, entry.located, long, value)
    return _append(text, entry, f"--{long}={value}") if changed is None else changed


def add_flag(text: str, name: str, flag: str, value: str) -> str:
    """The text with one more flag at the end of a variable, for flags that may be given several times.

    Raises:
        FormatError: the value would need quoting, or the variable is quoted in a form that can't be extended.

    >>> add_flag("OPTIONS='--log-opt tag=x'", "OPTIONS", "log-opt", "max-size=10m")
    "OPTIONS='--log-opt tag=x --log-opt=max-size=10m'"
    """
    entry = last(text, name)
    if entry is None or not words.is_plain(value):
        return set_flag(text, name, flag, value)
    return _append(text, entry, f"--{flag.lstrip('-')}={value}")


def remove_flag(text: str, name: str, flag: str) -> str:
    """The text without a dockerd flag in a variable, each time it occurs, with the blanks before it.

    >>> remove_flag("OPTIONS='--debug --log-driver journald -H fd://'", "OPTIONS", "log-driver")
    "OPTIONS='--debug -H fd://'"
    """
    entry = last(text, name)
    return text if entry is None else flag_edit.remove(text, entry.located, flag.lstrip("-"))


def _read_value(text: str, position: int) -> tuple[int, list[tuple[str, int]]]:
    """The end of a value that starts at a position, and its letters with their positions.

    The rules of systemd's parse_env_file (src/basic/env-file.c): a quote counts only at the start of the value or after
    a closed one; elsewhere it is a plain character of the value.
    """
    letters: list[tuple[str, int]] = []
    quote, index, fresh = "", position, True
    while index < len(text):
        char = text[index]
        if char == "\n" and not quote:
            break
        if char == "\\" and index + 1 < len(text) and quote != "'":
            letter, length = words.unescape(text, index, escapes=False, quote=quote)
            letters.extend((part, index + number) for number, part in enumerate(letter))
            fresh = fresh and not letter
            index += length
            continue
        if char == quote:
            quote = ""
        elif fresh and not quote and char in "\"'":
            quote = char
        elif quote or not fresh or char not in " \t\r":
            letters.append((char, index))
            fresh = bool(quote)
        index += 1
    return index, letters


def _assignment(text: str, head: re.Match[str], end: int, line: int, letters: list[tuple[str, int]]) -> Assignment:
    # Blanks and a carriage return around an unquoted value don't belong to it.
    start, stop = head.end(), end
    while start < stop and text[start] in " \t":
        start += 1
    while stop > start and text[stop - 1] in " \t\r":
        stop -= 1
    value = [pair for pair in letters if pair[1] < stop]
    return Assignment(
        name=head["name"],
        value="".join(char for char, _ in value),
        line=line,
        start=start,
        end=stop,
        offsets=tuple(offset for _, offset in value),
        is_exported=head["export"] is not None,
    )


def _append(text: str, entry: Assignment, addition: str) -> str:
    raw = text[entry.start : entry.end]
    blank = " " if entry.value and entry.value[-1] not in " \t" else ""
    if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" and raw[0] not in raw[1:-1]:
        return text[: entry.end - 1] + blank + addition + text[entry.end - 1 :]
    if words.PLAIN.issuperset(raw.replace(" ", "").replace("\t", "")):
        return f'{text[: entry.start]}"{raw}{blank}{addition}"{text[entry.end :]}'
    raise FormatError(f"{entry.name} is quoted in a form that can't be extended", where=f"line {entry.line}")
