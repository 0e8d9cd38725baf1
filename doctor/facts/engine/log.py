"""The log of the engine's last failed start, and which line of a log shows why a program ended.

Patterns from Moby's ``cmd/dockerd/daemon.go``, ``daemon/daemon.go``, ``daemon/graphdriver``, ``libnetwork`` and runs of 26.1.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from doctor.model.message import LONGEST, Explained, KnownMessage, explain

_FATAL = (
    r"failed to start daemon|level=fatal|unable to configure|failed to load listeners|^panic: |unknown flag"
    r"|unknown shorthand|accepts no arguments|Error starting daemon|failed to start containerd|^conflict labels for"
    r"|^invalid TLS configuration|^Error during [ug]id lookup"
)
_ENDS = r'|\bpanic: |\bFATA\[|\bF\d{4} [\d:.]+ |^containerd: |failed to run Kubelet|"command failed"'
"""Of containerd, the kubelet and a journal with its own prefix, in a log of any program."""
_TROUBLE = (
    r"error|fail|fatal|panic|can(?:no|')t|denied|refused|unable|invalid|not found|no such|timeout|time ?out|killed|full|"
    r"no space|conflict|unknown|missing|unsupported|not supported|corrupt|exceeded|hang|hung|warning|repeated|masked|avc"
)
_HARMLESS = r"level=(?:info|debug|trace)|^I\d{4} [\d:.]+ |\bINFO\["
_START = r'msg="?Starting up|Starting Docker Application Container Engine|Starting up"|msg="starting containerd"'
_MOST_LINES = 300
_MOST_LETTERS = 100_000
"""Lines of a log that are compared with the table, and their length: at most a second of work for a hostile log."""


class Blamed(Struct, frozen=True):
    """The fatal line of a log, and the line that explains it.

    Attributes:
        fatal: the line of the error that ended the program, "" without one.
        shown: the explained line, which comes first: the fatal one, or an earlier line with its cause; ``None`` if no line
            is known.
        is_earlier: whether that is an earlier line.
    """

    fatal: str
    shown: Explained | None
    is_earlier: bool = False


class EngineLog(Struct, frozen=True, kw_only=True):
    """The end of the engine's log: the lines of its last start only.

    Attributes:
        source: the log file, or the command that printed it.
        lines: the lines since "Starting up"; credentials in URLs are masked.
        explained: the meaning of the fatal line; ``None`` if it is unknown.
    """

    source: str
    lines: tuple[str, ...]
    explained: Explained | None = None

    @property
    def fatal(self) -> str:
        """Return the line of the fatal error, "" for none."""
        return fatal_line(self.lines)


def fatal_line(lines: Iterable[str]) -> str:
    """Return the last line of a fatal error of the engine, "" for none."""
    found = [line for line in lines if re.search(_FATAL, line)]
    return found[-1] if found else ""


def last_start(lines: list[str]) -> list[str]:
    """Return the lines of the last start: those since its first message, or all if that is missing.

    >>> last_start(['level=info msg="Starting up"', "old", 'level=info msg="Starting up"', "new"])
    ['level=info msg="Starting up"', 'new']
    """
    starts = [number for number, line in enumerate(lines) if re.search(_START, line)]
    return lines[starts[-1] :] if starts else lines


def blame(lines: Sequence[str], table: Sequence[KnownMessage]) -> Blamed:
    """Return the fatal line of the lines of one run of a program, and the line that explains it.

    An earlier line is the cause if it points to a problem that the fatal line has among its causes: "timeout waiting for
    containerd to start" after containerd's own panic. Without a fatal line the last known error counts, then the last warning.
    """
    fatal = next((line for line in reversed(lines) if re.search(f"{_FATAL}{_ENDS}", line[:LONGEST])), "")
    worst = explain(fatal, table) if fatal else None
    known = list(_explained(lines, table))
    if worst is not None:
        causes = set(worst.best.checks[1:])
        earlier = (one for one in known if one.best not in worst.known and causes.intersection(one.best.checks[:1]))
        cause = next(earlier, None)
        return Blamed(fatal, worst) if cause is None else Blamed(fatal, cause, is_earlier=True)
    errors = [one for one in known if "level=warn" not in one.line] or known
    return Blamed(fatal, errors[0] if errors else None, is_earlier=bool(fatal and errors))


def _explained(lines: Sequence[str], table: Sequence[KnownMessage]) -> Iterable[Explained]:
    """Yield the explained lines, the last one first; repeated lines and those without trouble are skipped."""
    seen: set[str] = set()
    letters = 0
    for line in reversed(lines):
        text = line[-LONGEST:]
        kind = re.sub(r"[0-9a-f]{6,}|\d+", "", text[:400])
        if kind in seen or re.search(_HARMLESS, text) or not re.search(_TROUBLE, text, re.IGNORECASE):
            continue
        seen.add(kind)
        letters += len(text)
        found = explain(line, table)
        if found is not None:
            yield found
        if len(seen) >= _MOST_LINES or letters > _MOST_LETTERS:
            return
