"""Lines for a terminal: wrapped between words, indented, coloured on request, with control characters escaped."""

import re
import textwrap

from doctor.model.severity import Applicability, Severity
from doctor.model.text import plural, visible

_CODES = {
    "critical": "1;31",
    "error": "31",
    "warning": "33",
    "info": "36",
    "pass": "32",
    "fail": "1;31",
    "skip": "2",
    "safe": "32",
    "disruptive": "33",
    "destructive": "1;31",
    "manual": "36",
    "done": "32",
    "bold": "1",
    "dim": "2",
    "added": "32",
    "removed": "31",
    "place": "36",
}
_EVIDENCE_LINES = 12
_DIFF_LINES = 80
# A quoted command is never broken, so that it can be pasted. ``visible`` removes characters of private use from a text.
_COMMAND = re.compile(r"(?<!\w)'[^']*\bdoctor [^']*'")
_GLUE = "\ue000"
# Text is indented to the end of a short prefix ("fix (safe): "), but not to that of a long path.
_LONGEST_FIRST = 20


class TerminalPage:
    """Collects the lines of a report.

    Attributes:
        width: columns of the terminal; longer words are not broken, so that a path can be copied.
        verbose: whether passes, skips and long evidence are shown in full.
    """

    def __init__(self, *, colour: bool, width: int, verbose: bool, program: str = "doctor") -> None:
        self._colour = colour
        self._lines: list[str] = []
        self._program = program
        self.width = max(width, 40)
        self.verbose = verbose

    def paint(self, text: str, style: str) -> str:
        """Return the text in colour if colour was requested."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colour and style in _CODES else text

    def blank(self) -> None:
        """Add an empty line, except at the top and after another one."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def line(self, text: str = "", *, indent: int = 0, style: str = "", first: str = "", first_style: str = "") -> None:
        """Add text of the host, wrapped.

        A quoted doctor command is spelled so that the reader can run it, and is never broken. ``first`` is the prefix of the
        first line, and the other lines are indented to its end; it may be text of the host too.
        """
        first = visible(first)
        if self._program != "doctor":
            text = text.replace("'doctor ", f"'{self._program} ")
        lead = " " * indent
        start = lead + " " * len(first)
        hang = start if len(first) <= _LONGEST_FIRST else lead + "    "
        wrapped = textwrap.wrap(
            _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), visible(text)),
            width=self.width,
            initial_indent=start,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [start]
        for number, piece in enumerate(wrapped):
            before = hang if number else lead + self.paint(first, first_style or style)
            body = piece[len(hang if number else start) :].replace(_GLUE, " ")
            self._lines.append((before + (self.paint(body, style) if style else body)).rstrip())

    def block(self, text: str, *, indent: int) -> None:
        """Add lines of the host unwrapped; only the first ones of a long block, unless verbose."""
        lines = visible(text, keep="\n").rstrip("\n").split("\n")
        for line in lines if self.verbose else lines[:_EVIDENCE_LINES]:
            self._lines.append((" " * indent + line).rstrip())
        self._more(len(lines) - _EVIDENCE_LINES, indent)

    def diff(self, text: str, *, indent: int) -> None:
        """Add a unified diff; only the beginning of a long one, unless verbose."""
        lines = visible(text, keep="\n\t").rstrip("\n").split("\n")
        for line in lines if self.verbose else lines[:_DIFF_LINES]:
            style = "bold"
            if not line.startswith(("+++", "---")):
                style = {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "")
            self._lines.append((" " * indent + (self.paint(line, style) if style else line)).rstrip())
        self._more(len(lines) - _DIFF_LINES, indent)

    def _more(self, hidden: int, indent: int) -> None:
        if hidden > 0 and not self.verbose:
            text = f"… {plural(hidden, 'more line')} (--verbose shows all)"
            self._lines.append(" " * indent + self.paint(text, "dim"))

    def heading(self, text: str) -> None:
        """Add a heading with room above it."""
        self.blank()
        self._lines.append(self.paint(visible(text), "bold"))

    def bytes(self) -> bytes:
        """Return everything as UTF-8, ending in one newline."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return ("\n".join(self._lines) + "\n").encode("utf-8")


def label(level: Severity | Applicability) -> str:
    """Return the word of a level in a column of its own."""
    return f"{level.word.upper():<9} "
