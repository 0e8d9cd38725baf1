"""The log of the engine's last failed start, and which line of a log shows why a program ended.

Patterns from Moby's ``cmd/dockerd/daemon.go``, ``daemon/daemon.go``, ``daemon/graphdriver``, ``libnetwork`` and runs of 26.1.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.message import LONGEST, Explained, KnownMessage, Release, explain, flat

_FATAL = (
    r"failed to start daemon|level=fatal|unable to configure|failed to load listeners|^panic: |unknown flag"
    r"|unknown shorthand|accepts no arguments|Error starting daemon|failed to start containerd|^conflict labels for"
    r"|^invalid TLS configuration|^Error during [ug]id lookup"
)
_CONTAINERDS = r"\bpanic: |^containerd: "
_ENDS = rf'|{_CONTAINERDS}|\bFATA\[|\bF\d{{4}} [\d:.]+ |failed to run Kubelet|"command failed"|\[rootlesskit:\w+ *\] error: '
"""Of containerd, the kubelet and a journal with its own prefix, in a log of any program."""
_PANIC = r"\bpanic: |\bgoroutine \d+ .*\[running"
_FRAME = r"\.go:\d|\w\(.*\)$|\bgoroutine \d"
_MOST_FRAMES = 30
"""Of a Go program's panic: its own words often say nothing ("index out of range"), the functions after it do."""
_TROUBLE = (
    r"error|fail|fatal|panic|can(?:no|')t|denied|refused|unable|invalid|not found|no such|timeout|time ?out|killed|full|"
    r"no space|conflict|unknown|missing|unsupported|not supported|corrupt|exceeded|hang|hung|warning|repeated|masked|avc"
    r"|blocked|refusing|dumped"
)
_HARMLESS = r"level=(?:info|debug|trace)|^I\d{4} [\d:.]+ |\bINFO\[|failed to load cni during init"
"""Also an error that containerd prints at each start on a host without Kubernetes."""
_SUMMARY = (
    r"Failed to start |Failed to listen on |Dependency failed for |Job for |[Mm]ain process exited(?!, code=dumped)|Control process exited"
    r"|[Ff]ailed with result|Start request repeated too quickly"
)
"""Lines in which systemd only states that a unit failed: the reason is before them."""
_ANSWER = r"Handler for \w+ \S+ returned error: (?:No such (?:container|image|network|volume|exec)|\w+ \S+ (?:not found|does not exist)|page not found)"
"""Answers to clients that asked for something that does not exist: often an effect, and no fault of the engine."""
_PREFIX = r"(?:[A-Z][a-z]{2} +\d+ [\d:.]+|\d{4}-\d\d-\d\dT\S+) \S+ ([\w@.-]+)\[\d+\]: "
"""Of a line of the journal with time, host and program."""
_STARTS = {
    docker.PROCESS: r'msg="?Starting up|Starting up"|Starting (?:docker\.service - )?Docker Application Container Engine'
    r"|Starting (?:docker\.socket - )?Docker Socket for the API",
    containerd.PROCESS: r'msg="starting containerd"|Starting (?:containerd\.service - )?containerd container runtime',
    "kubelet": r"Start(?:ing|ed) (?:kubelet\.service - )?kubelet: The Kubernetes Node Agent",
}
"""The first line of a start, by program."""
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
        worst: the explained fatal line then.
    """

    fatal: str
    shown: Explained | None
    is_earlier: bool = False
    worst: Explained | None = None


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

    In a log of several units each program's lines since its own last start are kept, if the lines name their program. If they
    don't, the log begins with the last start of the engine, or with that of containerd before it.

    >>> last_start(['level=info msg="Starting up"', "old", 'level=info msg="Starting up"', "new"])
    ['level=info msg="Starting up"', 'new']
    """
    starts = {
        program: [number for number, line in enumerate(lines) if re.search(pattern, line)]
        for program, pattern in _STARTS.items()
    }
    begins = {program: numbers[-1] for program, numbers in starts.items() if numbers}
    others = _begin(starts)
    kept = []
    for number, line in enumerate(lines):
        program = re.match(_PREFIX, line)
        if number >= begins.get(program[1] if program else "", others):
            kept.append(line)
    return kept


def _begin(starts: dict[str, list[int]]) -> int:
    """Return the first line that counts of those that name no program."""
    begins = []
    for program in (docker.PROCESS, "kubelet"):
        if numbers := starts[program]:
            before = numbers[-2] if len(numbers) > 1 else -1
            needed = [number for number in starts[containerd.PROCESS] if before < number < numbers[-1]]
            begins.append(needed[-1] if needed else numbers[-1])
    return min(begins) if begins else max(starts[containerd.PROCESS], default=0)


def blame(lines: Sequence[str], table: Sequence[KnownMessage], release: Release | None = None) -> Blamed:
    """Return the fatal line of the lines of one run of a program, and the line that explains it.

    An earlier line is the cause if it points to a problem that the fatal line has among its causes: "timeout waiting for
    containerd to start" after containerd's own panic. Without a fatal line the last known error counts, then the last warning.
    """
    ends = (one for pattern in (f"{_FATAL}{_ENDS}", _PANIC) for one in _numbers(lines, pattern))
    number = next(ends, None)
    fatal = "" if number is None else lines[number]
    worst = None if number is None else _explain(lines, number, table, release)
    known = list(_explained(lines, table, release))
    if worst is not None:
        cause = next((one for one in known if _is_cause(one, worst)), None)
        return Blamed(fatal, worst) if cause is None else Blamed(fatal, cause, is_earlier=True, worst=worst)
    errors = [one for one in known if "level=warn" not in one.line] or known
    errors = [one for one in errors if not re.search(f"{_SUMMARY}|{_ANSWER}", one.line)] or errors
    return Blamed(fatal, errors[0] if errors else None, is_earlier=bool(fatal and errors))


def _numbers(lines: Sequence[str], pattern: str) -> Iterable[int]:
    """Yield the numbers of the lines with a pattern, the last one first."""
    return (number for number in reversed(range(len(lines))) if re.search(pattern, lines[number][:LONGEST]))


def _explain(
    lines: Sequence[str], number: int, table: Sequence[KnownMessage], release: Release | None
) -> Explained | None:
    """Explain a line; a panic whose own words say nothing by the functions that are listed after it."""
    line = lines[number]
    found = explain(line, table, release)
    if found is not None or not re.search(_PANIC, line[:LONGEST]):
        return found
    frames = [one for one in lines[number + 1 : number + _MOST_FRAMES] if re.search(_FRAME, one[-LONGEST:])]
    whole = explain(" ".join((line, *frames))[:LONGEST], table, release)
    return None if whole is None else Explained(flat(line), whole.known)


def _is_cause(one: Explained, worst: Explained) -> bool:
    """Whether an earlier line is about a cause of the fatal one: containerd's own end also is if the engine needs it."""
    if one.best in worst.known:
        return False
    causes = worst.best.checks if re.search(_CONTAINERDS, one.line) else worst.best.checks[1:]
    return bool(set(causes).intersection(one.best.checks[:1]))


def _explained(lines: Sequence[str], table: Sequence[KnownMessage], release: Release | None) -> Iterable[Explained]:
    """Yield the explained lines, the last one first; repeated lines and those without trouble are skipped."""
    seen: set[str] = set()
    letters = 0
    for number in reversed(range(len(lines))):
        text = lines[number][-LONGEST:]
        kind = re.sub(r"[0-9a-f]{6,}|\d+", "", text[:400])
        if kind in seen or re.search(_HARMLESS, text) or not re.search(_TROUBLE, text, re.IGNORECASE):
            continue
        seen.add(kind)
        letters += len(text)
        found = _explain(lines, number, table, release)
        if found is not None:
            yield found
        if len(seen) >= _MOST_LINES or letters > _MOST_LETTERS:
            return
