"""What a run leaves on disk: its plan as data, and a journal that is written before each step.

A run's directory holds ``plan.json``, ``journal`` (one JSON object a line, synced; with the short files that steps replaced),
``backup/N`` (the longer file that step N replaced) and ``quarantine/N`` (what step N moved out of service).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import msgspec

from doctor.model.errors import DoctorError, RefusedError, RepairError, UsageError
from doctor.model.paths import is_beneath
from doctor.model.step import Meta, Node, Step
from doctor.repair.expected import Expected
from doctor.state.files import append, atomic_write, ensure_dir
from doctor.state.paths import runs_dir


class ActionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it was planned, with the steps it lowered to.

    ``engine`` marks the stop and start that the plan itself put in: an undo makes its own.
    """

    number: int
    summary: str
    risk: int
    fixes: tuple[str, ...]
    check_ids: tuple[str, ...]
    diff: str
    steps: tuple[Step, ...]
    engine: bool = False


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it was applied.

    Attributes:
        root: what paths are relative to: "/" or a mounted directory.
        resolves: fingerprints of the findings that must be gone afterwards.
        check_ids: the checks that were part of it.
        predicted: fingerprints of the findings that were expected to stay or come.
        probes: probes that prove it.
        engine_was_running: whether an engine held the data root when the run began.
        data_roots: directories that no engine may hold while steps write beneath them, ``service_roots`` among them.
        service_roots: those of a containerd that is a service of its own.
        undoes: the run that this one takes back, or "".
        expected: what must be in the data root afterwards, by name; empty for a run that neither writes there nor starts an
            engine.
        repaired_images: ids of images that only this run makes whole: each must mount before an engine starts.
    """

    run: str
    doctor: str
    started: float
    root: str
    actions: tuple[ActionRecord, ...]
    resolves: tuple[str, ...] = ()
    check_ids: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    engine_was_running: bool = False
    data_roots: tuple[str, ...] = ()
    service_roots: tuple[str, ...] = ()
    undoes: str = ""
    expected: Expected = Expected()
    repaired_images: tuple[str, ...] = ()

    def locked_with(self, path: str) -> tuple[str, ...]:
        """Return the directories that nobody may hold while ``path`` is written; () outside of all.

        All of an engine's: what a link moved to another disk has its lock where it came from. A containerd that is a service
        holds its own all the time, which is no reason to leave the engine's alone; of one root in the other, nobody may hold
        either.
        """
        engine = tuple(top for top in self.data_roots if top not in self.service_roots)
        return tuple(
            top
            for tops in (self.service_roots, engine)
            if any(is_beneath(path, place) for place in tops)
            for top in tops
        )


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What was at a step's path.

    ``node`` is ``None`` where there was nothing; a short file's content stands in
    ``File.content``, a longer one's in ``File.blob``.

    ``values`` holds old contents of kernel files by path; ``moved_to`` where a Move really went; ``displaced`` where it
    put what stood at its destination, "" for nothing.
    """

    node: Node | None = None
    meta: Meta | None = None
    values: dict[str, str] = {}
    moved_to: str = ""
    displaced: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. ``step`` counts through the whole plan from 0."""

    step: int = -1
    state: Literal["intent", "done", "finished"]
    before: Before | None = None
    result: str = ""


_encoder = msgspec.json.Encoder()
_entries = msgspec.json.Decoder(Entry)
_plans = msgspec.json.Decoder(PlanRecord)


class Run:
    """A run's directory."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)

    @classmethod
    def create(cls, plan: PlanRecord) -> "Run":
        """Make the directory and write the plan, synced, before anything on the host changes."""
        run = cls(os.path.join(runs_dir(), plan.run))
        ensure_dir(run.path)
        try:
            for name in ("backup", "quarantine"):
                ensure_dir(os.path.join(run.path, name))
            atomic_write(run._file("plan.json"), msgspec.json.format(_encoder.encode(plan), indent=1))
        except (OSError, DoctorError) as error:
            shutil.rmtree(run.path, ignore_errors=True)
            why = error.strerror if isinstance(error, OSError) else error
            raise RefusedError(
                f"can't keep the plan and its journal: {why}", where=run.path, do="make room there; nothing was changed"
            ) from error
        return run

    def reserve(self, size_bytes: int) -> None:
        """Take the room that a way back may need, before the first step; raises ``RefusedError`` where there is none."""
        descriptor = os.open(self._file("reserve"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise RefusedError(
                f"no room to take the repair back with ({size_bytes >> 10} KiB): {error.strerror}",
                where=self.path,
                do="make room there; nothing was changed",
            ) from error
        finally:
            os.close(descriptor)

    def free_reserve(self) -> None:
        """Give the room back: the way back begins, or none is needed any more."""
        with suppress(OSError):
            os.unlink(self._file("reserve"))

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def backup_file(self, step: int) -> str:
        """Return where the content that a step replaces is kept."""
        return os.path.join(self.path, "backup", str(step))

    def quarantine_file(self, name: str) -> str:
        """Return where what a step moves out of service goes, if it is on this file system."""
        return os.path.join(self.path, "quarantine", name)

    def plan(self) -> PlanRecord:
        """Return the plan; raises ``RefusedError`` when the file is gone or damaged."""
        try:
            with open(self._file("plan.json"), "rb") as stream:
                return _plans.decode(stream.read())
        except (OSError, msgspec.DecodeError) as error:
            raise RefusedError(
                f"can't read the plan of run {self.name}: {error}",
                where=self._file("plan.json"),
                do="move the run's directory away if it never changed anything (its journal is empty)",
            ) from error

    def write(self, *entries: Entry, is_synced: bool = True) -> None:
        """Append entries to the journal and sync them, or leave that to the next ones; raises ``RepairError``."""
        try:
            lines = b"\n".join(_encoder.encode(entry) for entry in entries)
            append(self._file("journal"), lines, is_synced=is_synced)
        except OSError as error:
            raise RepairError(f"can't write the journal: {error.strerror}", where=self._file("journal")) from error

    def journal(self) -> list[Entry]:
        """Return the entries; a torn last line (a crash while it was written) does not count."""
        try:
            with open(self._file("journal"), "rb") as stream:
                lines = stream.read().split(b"\n")
        except FileNotFoundError:
            return []
        entries = []
        for number, line in enumerate(lines):
            if not line:
                continue
            try:
                entries.append(_entries.decode(line))
            except msgspec.DecodeError as error:
                if number >= len(lines) - 2:
                    break
                raise RefusedError(
                    f"line {number + 1} of the journal is damaged: {error}", where=self._file("journal")
                ) from error
        return entries

    @property
    def result(self) -> str:
        """Return how the run ended: "applied", "rolled back", "undone", …, or "" while it is unfinished."""
        ends = [entry.result for entry in self.journal() if entry.state == "finished"]
        return ends[-1] if ends else ""

    def finish(self, result: str) -> None:
        """Record how the run ended."""
        self.write(Entry(state="finished", result=result))


def all_runs() -> Iterator[Run]:
    """Yield every run, oldest first."""
    try:
        names = sorted(os.listdir(runs_dir()))
    except OSError:
        return
    for name in names:
        if os.path.exists(os.path.join(runs_dir(), name, "plan.json")):
            yield Run(os.path.join(runs_dir(), name))


def find_run(name: str) -> Run:
    """Return the run with this name; raises ``UsageError``."""
    for run in all_runs():
        if run.name == name:
            return run
    raise UsageError(f"no run '{name}'", do="see 'doctor undo --list'")


def unfinished() -> Run | None:
    """Return the run that a crash left half done, or ``None``.

    An undo comes before the repair that it takes back: it must be finished from where it stands.
    """
    found = [run for run in all_runs() if not run.result]
    return next((run for run in found if run.plan().undoes), found[0] if found else None)


def new_name(now: float) -> str:
    """Return a fresh run id that sorts by time."""
    import time  # noqa: PLC0415 - only a repair needs it

    base = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    taken = {run.name for run in all_runs()}
    name = base
    count = 2
    while name in taken:
        name = f"{base}-{count}"
        count += 1
    return name
