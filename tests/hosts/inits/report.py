"""The table of the managers sweep."""

from collections.abc import Iterable

from tests.hosts.inits.case import Result
from tests.hosts.inits.managed import MANAGERS

_HEAD = """# Each repair of a running engine, under each manager

`nice python -m tests.hosts.inits --write benchmarks/INITS.md`, as root; {date}, {count} hosts, {seconds:.1f} s each in the middle.

The patient (tests/hosts/patient.py) and one container without a restart policy, on a host whose dockerd is a systemd service with
a drop-in, an init script's with options, or started by hand with arguments. The fault befalls the running engine, or (*restarted*)
the engine is stopped for it and started on it by its manager. Then `doctor scan`, `doctor fix --apply --allow disruptive`, and it
is looked at: the exit code, whether the engine answers, whether what ran before runs, whether the finding is gone, whether the
engine is still its manager's (unit active, MainPID, pid file, one process) and has its own arguments. Then `doctor undo`: every
file of /etc as before, engine, containers and arguments too. *ok* is all of that; in brackets, what does not start or run on the
broken state that undo has brought back: damage, and settings that were not in force yet, show at the restart; undo must have said so
before it began, and end with 1. *left* is a finding that waits for a person, also after the first of its answers (`--choose`) where it asks.

{ok} ok, {left} left for a person, {none} without a finding (it does no harm there, or the running engine does not show it), {wrong} wrong.
"""


def markdown(results: Iterable[Result], date: str) -> str:
    """A row a fault, a column a manager."""
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for one in results:
        rows.setdefault((one.case.fault, one.case.when), {})[one.case.manager] = one
    every = [one for row in rows.values() for one in row.values()]
    times = sorted(one.seconds for one in every) or [0.0]
    words = [_kind(one) for one in every]
    lines = [
        _HEAD.format(
            date=date,
            count=len(every),
            seconds=times[len(times) // 2],
            **{kind: words.count(kind) for kind in ("ok", "left", "none", "wrong")},
        ),
        f"| fault | when | {' | '.join(MANAGERS)} |",
        f"| --- | --- |{' --- |' * len(MANAGERS)}",
    ]
    for (fault, when), row in sorted(rows.items()):
        cells = [_cell(row[name]) if name in row else "" for name in MANAGERS]
        lines.append(f"| {fault} | {when} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _kind(one: Result) -> str:
    if one.wrong:
        return "wrong"
    return "none" if one.code < 0 else "left" if one.left else "ok"


def _cell(one: Result) -> str:
    return ("**wrong**: " if one.wrong else "") + one.word.replace("|", "\\|")
