"""One fault on one host: broken, scanned, repaired, looked at, undone."""

import hashlib
import json
import os
import shlex
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from tests.hosts import faults
from tests.hosts.inits.managed import LOOSE, Managed, managed
from tests.hosts.patient import RUNNING

_MENDED = ("log-driver", "journald", "json-file")
"""In words of a command line that repairs change on purpose."""
_REPAIR = ("fix", "--apply", "--yes", "--allow", "disruptive")


class Case(Struct, frozen=True, kw_only=True):
    """The parameters that repeat a row.

    Attributes:
        fault: its name in tests/hosts/faults.py.
        manager: one of `managed.MANAGERS`.
        when: ``running`` where the fault befalls a running engine, ``restarted`` where the engine is stopped for it and
            started on it by its manager, whether it comes up or not.
    """

    fault: str
    manager: str
    when: str = "running"
    seed: int = 1


class Result(Struct, frozen=True, kw_only=True):
    """The result of a row.

    Attributes:
        injected: what the fault did.
        up: whether the engine answered with the fault in place.
        found: ids of findings of warning and worse that the fault brought.
        left: those of them that the repair left.
        code: exit code of the repair, -1 where nothing was found; ``undo_code`` of its undo, -1 where nothing was done.
        wrong: in a few words each, what is wrong.
        notes: what does not start or run on the broken state that the undo has brought back.
        output: what doctor printed.
    """

    case: Case
    injected: str = ""
    up: bool = False
    found: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    code: int = -1
    undo_code: int = -1
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    output: str = ""
    seconds: float = 0

    @property
    def word(self) -> str:
        """The row's cell: ok, or what is wrong, or what is left for a person."""
        if self.wrong:
            return "; ".join(self.wrong)
        if self.code < 0:
            return "nothing found"
        found = f"left: {', '.join(self.left)}" if self.left else "ok"
        return f"{found} ({'; '.join(self.notes)})" if self.notes else found


class Look(Struct, frozen=True, kw_only=True):
    """The state of an engine at one moment."""

    up: bool
    argv: tuple[str, ...]
    runs: frozenset[str]
    strays: tuple[str, ...]


def look(host: Managed, *, patience: float = 0, wanted: frozenset[str] = frozenset()) -> Look:
    """Return the state now, or after some seconds, in which the engine may start containers with a restart policy."""
    deadline = time.monotonic() + patience
    while True:
        up = host.box.engine_answers()
        runs = frozenset(host.box.docker("ps", "--format", "{{.Names}}").split()) if up else frozenset()
        if wanted <= runs or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return Look(up=up, argv=host.argv(), runs=runs, strays=tuple(host.strays()) if up else ())


def run(case: Case) -> Result:
    """Do one case."""
    begun = time.monotonic()
    # With a journal, what a driver hides is hidden from a kubelet only.
    with managed(case.manager, is_node=case.fault.startswith("logging/")) as host:
        result = _run(case, host)
    result.seconds = round(time.monotonic() - begun, 1)
    return result.done()


class _Row:
    """A result in the making."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.injected, self.up, self.found, self.left = "", False, set[str](), set[str]()
        self.code = self.undo_code = -1
        self.wrong: list[str] = []
        self.notes: list[str] = []
        self.output = ""
        self.seconds = 0.0

    def done(self) -> Result:
        values = vars(self) | {name: tuple(sorted(getattr(self, name))) for name in ("found", "left")}
        return Result(**values | {"wrong": tuple(self.wrong), "notes": tuple(self.notes)})


def _run(case: Case, host: Managed) -> _Row:
    row = _Row(case)
    whole, healthy = look(host), _scan(row, host)
    row.injected = _break(case, host)
    row.found = _scan(row, host) - healthy
    # An engine may die of the fault a moment later.
    broken = look(host)
    row.up = broken.up
    if not row.found:
        return row
    before = _etc(host)
    row.code = _doctor(row, host, *_REPAIR)
    if not _runs(host) and "--choose" in row.output:
        row.code = _doctor(row, host, *_REPAIR, *_answers(host))
    # An engine that refused to start has stopped all; containers with a policy start with it again.
    wanted = broken.runs | frozenset(RUNNING) if broken.up else frozenset(RUNNING)
    fixed = look(host, patience=5, wanted=wanted)
    row.left = row.found & _scan(row, host)
    row.wrong += _judge(row, whole, broken, fixed, wanted)
    if _runs(host):
        row.wrong += _undo(row, host, broken, fixed, before)
    return row


def _answers(host: Managed) -> list[str]:
    """Options for the first candidate of each question of the plan."""
    plan = json.loads(host.box.doctor("fix", "--format", "json", "--allow", "disruptive").stdout)
    questions = [one for manual in plan["manual"] for one in manual["questions"]]
    return [word for one in questions for word in shlex.split(one["candidates"][0]["option"])]


def _runs(host: Managed) -> list[Path]:
    return list(host.box.path("/var/lib/doctor/runs").glob("*/plan.json"))


def _break(case: Case, host: Managed) -> str:
    if case.when == "running":
        return faults.inject(host.box, case.fault, case.seed)
    host.stop()
    text = faults.inject(host.box, case.fault, case.seed)
    host.start()
    if host.box.engine_answers():
        host.box.docker("start", LOOSE, check=False)
    return text


def _judge(row: _Row, whole: Look, broken: Look, fixed: Look, wanted: frozenset[str]) -> Iterator[str]:
    if not fixed.up:
        if broken.up or row.code == 0:
            yield "the engine does not answer after the repair"
        return
    yield from fixed.strays
    if lost := wanted - fixed.runs:
        yield f"{', '.join(sorted(lost))} does not run after the repair"
    if row.code == 0 and row.left:
        yield f"exit 0 with {', '.join(sorted(row.left))}"
    if row.code == 5:
        yield "refused"
    # By hand a dead engine has no command line to start again.
    if broken.up or row.case.manager != "hand":
        yield from _argv("after the repair", broken.argv if broken.up else whole.argv, fixed.argv)


def _argv(when: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    if [word for word in {*old} ^ {*new} if not any(name in word for name in _MENDED)]:
        yield f"arguments {when}: {' '.join(new)}"


def _undo(row: _Row, host: Managed, broken: Look, fixed: Look, before: dict[str, str]) -> Iterator[str]:
    row.undo_code = _doctor(row, host, "undo", "--yes")
    undone = look(host, patience=5, wanted=broken.runs)
    after = _etc(host)
    if differing := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
        yield f"other files after undo: {', '.join(differing)}"
    # An engine that the repair had started is stopped again: that is what an undo is for.
    again = fixed.up and bool(broken.argv)
    gone = fixed.runs - undone.runs if again else frozenset()
    if row.undo_code != int(again and (not undone.up or bool(gone))):
        yield f"undo ended with {row.undo_code}"
    if again:
        yield from _unforeseen(row.output.rpartition("$ doctor undo")[2], undone, gone)
    if not broken.up and not again:
        return
    if not undone.up:
        if "the engine does not start on the old state" in row.output:
            row.notes.append("no engine starts on what undo brings back")
        else:
            yield "the engine does not answer after undo"
        return
    yield from (f"{stray} after undo" for stray in undone.strays)
    if gone:
        # Damage and settings that were not in force before have their effect at a restart.
        is_old = row.case.fault.startswith("state/") or row.case.when == "running"
        (row.notes if is_old else row.wrong).append(f"{', '.join(sorted(gone))} does not run after undo")
    if undone.argv != broken.argv:
        yield f"arguments after undo: {' '.join(undone.argv)}"


def _unforeseen(said: str, undone: Look, gone: frozenset[str]) -> Iterator[str]:
    """Return effects on the engine and its containers that the undo did not predict, or predicted wrongly."""
    notes = [line for line in said.splitlines() if line.startswith("note: ")]
    may = any("may not start with the restored state" in line for line in notes)
    if not may and any("will not start with the restored state" in line for line in notes) == undone.up:
        yield "undo foresaw that no engine would start" if undone.up else "undo did not foresee that no engine starts"
    foreseen = [
        line for line in notes if "no longer shown" in line or "not started again" in line or "may keep" in line
    ]
    if unsaid := [name for name in sorted(gone) if not any(name in line for line in foreseen)]:
        yield f"undo did not foresee that {', '.join(unsaid)} stops"


def _scan(row: _Row, host: Managed) -> set[str]:
    done = host.box.doctor("scan", "--format", "json")
    if done.returncode not in {0, 1}:
        row.wrong.append(f"scan ended with {done.returncode}")
        row.output += done.stderr
    try:
        found = json.loads(done.stdout)["findings"]
    except ValueError:
        row.wrong.append("scan printed no JSON")
        return set()
    return {finding["id"] for finding in found if finding["severity"] != "info"}


def _doctor(row: _Row, host: Managed, *arguments: str) -> int:
    begun = time.monotonic()
    done = host.box.doctor(*arguments, timeout=240)
    ended = f"exit {done.returncode} after {time.monotonic() - begun:.1f} s"
    row.output += f"$ doctor {' '.join(arguments)}\n{done.stdout}{done.stderr}{ended}\n"
    if "Traceback" in done.stdout + done.stderr:
        row.wrong.append(f"a traceback of {arguments[0]}")
    return done.returncode


def _etc(host: Managed) -> dict[str, str]:
    """Each file of /etc with kind, mode, owner, time of change and bytes."""
    top = host.box.path("/etc")
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = Path(directory, name)
            about = path.lstat()
            content, changed = b"", 0
            if stat.S_ISREG(about.st_mode):
                content, changed = path.read_bytes(), about.st_mtime_ns
            elif stat.S_ISLNK(about.st_mode):
                content = os.readlink(path).encode()
            digest = hashlib.sha256(content).hexdigest()
            found[str(path.relative_to(top))] = f"{about.st_mode:o} {about.st_uid} {about.st_gid} {changed} {digest}"
    return found
