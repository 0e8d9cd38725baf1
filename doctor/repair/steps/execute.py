"""The executor: writes the journal before each step, then executes it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from doctor.host import commands
from doctor.model.errors import DoctorError, RefusedError, RepairError
from doctor.model.missing import HostError
from doctor.model.paths import is_beneath
from doctor.model.step import (
    Attributes,
    Directory,
    KernelValue,
    Move,
    Netlink,
    Put,
    Reload,
    Run,
    Signal,
    StartContainers,
    Step,
    places,
)
from doctor.model.view import Stat
from doctor.plugins.engines import engine_of
from doctor.repair.engine import launch
from doctor.repair.engine.holders import freed
from doctor.repair.runs.journal import Before, Entry
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.steps import moving, together
from doctor.repair.steps.inverse import inverse
from doctor.repair.steps.nodes import Tree
from doctor.state.paths import runs_dir


class Executor:
    """Executes the steps of one run on the host below ``root``."""

    def __init__(self, run: RunDirectory, record: PlanRecord) -> None:
        self.run = run
        self.tree = Tree(record.root, run.name)
        self.data_roots = record.data_roots
        self._record = record
        # A rollback does not stop if doctor's own disk is full or broken.
        self._unrecorded = (RepairError,) if record.is_rollback else ()

    def sweep(self, record: PlanRecord) -> None:
        """Remove temporary files that a crash of this run left behind."""
        steps = [step for action in record.actions for step in action.steps]
        for entry in self.run.journal().entries:
            if entry.state == "intent":
                step = steps[entry.step]
                if isinstance(step, Put):
                    self.tree.sweep(step.path, entry.step)

    def do(self, number: int, step: Step) -> None:
        """Execute one step: snapshot, journal the intent, act, journal the end. Raises ``DoctorError`` if it failed."""
        try:
            self._guard(step)
            before = self._recorded(number, step)
            self.act(step, before)
        except OSError as error:
            where = getattr(step, "path", "") or (error.filename or "")
            raise RepairError(f"can't apply a step: {error.strerror or error}", where=str(where)) from error
        # After a crash it does not matter whether a file was written: it is written again, or restored. So its end is synced
        # with the next step's intent.
        if before is not None:
            with suppress(*self._unrecorded):
                self.run.write(Entry(step=number, state="done"), is_synced=not isinstance(step, Put | Attributes))

    def _recorded(self, number: int, step: Step) -> Before | None:
        """Journal the intent of a step and return the original.

        A rollback continues if doctor's own disk can't be written (full, read-only, broken): for an idempotent step the failed
        run's journal is sufficient. Then ``None`` is returned.
        """
        try:
            before = self._snapshot(number, step)
            self.run.write(Entry(step=number, state="intent", before=before))
        except (OSError, RepairError):
            if not self._record.is_rollback or isinstance(step, Move | Signal):
                raise
            return None
        return before

    def skip(self, number: int) -> None:
        """Record that a step is a no-op."""
        with suppress(*self._unrecorded):
            self.run.write(Entry(step=number, state="skipped"), is_synced=False)

    def do_together(self, number: int, steps: Sequence[Put]) -> dict[int, Before] | None:
        """Execute a ``group`` of steps starting at ``number``; return ``None`` if all are done, else those begun.

        If it fails, ``do`` and ``redo`` execute the steps one by one, to find and report the failing one.
        """
        begun: dict[int, Before] = {}
        numbered = dict(enumerate(steps, number))
        try:
            for count, step in numbered.items():
                self._guard(step)
                begun[count] = self._snapshot(count, step)
            self.run.write(*(Entry(step=count, state="intent", before=before) for count, before in begun.items()))
        except (OSError, DoctorError):
            return {}
        try:
            together.put(self.tree, numbered)
        except (OSError, DoctorError):
            return begun
        with suppress(*self._unrecorded):
            self.run.write(*(Entry(step=count, state="done") for count in numbered), is_synced=False)
        return None

    def redo(self, number: int, step: Step, before: Before) -> None:
        """Execute a step whose intent is in the journal, but not its end: it may be done, half done or not begun.

        Files are written again, and their originals are kept. A command or request is reversed first: executing it twice
        would create two rules.
        """
        try:
            if isinstance(step, Run | Netlink):
                for back in inverse(step, before):
                    self.act(back)
            if isinstance(step, Move) and not self._is_there(step.path):
                step = Move(path=step.path, to=step.to, may_fail=True)
            elif isinstance(step, Move) and (self._is_there(before.displaced) or not self._is_there(step.to)):
                # The displaced node is already moved: by this step, or by an earlier one that had failed and is done now.
                before = Before(moved_to=before.moved_to)
            self._guard(step)
            self.act(step, before)
        except OSError as error:
            raise RepairError(f"can't apply a step: {error.strerror or error}") from error
        self.run.write(Entry(step=number, state="done"))

    def _guard(self, step: Step) -> None:
        """Enforce promise 4: a data root is only changed while no process holds it, whatever the plan assumed."""
        path = getattr(step, "path", "")
        for top in dict.fromkeys(top for place in places(step) for top in self._record.locked_with(place)):
            holder = freed(self.tree.root, top, self._record)
            if holder:
                raise RefusedError(
                    f"{holder} holds the data root", where=top, do="stop it, then run 'doctor undo' or 'doctor fix'"
                )
        if isinstance(step, Move) and not step.may_fail and (path == step.to or not self._is_there(path)):
            raise RepairError("nothing to move", where=path)

    def _is_there(self, path: str) -> bool:
        if not path:
            return False
        if path.startswith(runs_dir() + "/"):
            return os.path.lexists(path)
        return self.tree.lstat(path.removeprefix("host:")) is not None

    def _snapshot(self, number: int, step: Step) -> Before:
        match step:
            case Put(path=path) | Attributes(path=path):
                only_attributes = isinstance(step, Attributes)
                node, meta = self.tree.snapshot(path, self.run.backup_file(number), attributes=only_attributes)
                return Before(node=node, meta=meta)
            case Move(path=path, to=to):
                if not to:
                    return Before(moved_to=self._quarantine_place(str(number), path))
                in_the_way = not to.startswith(runs_dir() + "/") and self.tree.lstat(to) is not None
                return Before(
                    moved_to=to, displaced=self._quarantine_place(f"{number}-displaced", to) if in_the_way else ""
                )
            case KernelValue(path=path, also=also):
                return Before(values=self._kernel_values((path, *also), may_fail=step.may_fail))
        return Before()

    def _quarantine_place(self, number: str, path: str) -> str:
        """Return a quarantine path on the file system of ``path``: in the run's directory, else beside the data root."""
        wanted = self.run.quarantine_file(number)
        found = self.tree.lstat(path)
        if found is not None and os.stat(self.run.path).st_dev == found.device:
            return wanted
        if self._record.undoes and found is not None and self._fits(path, found):
            # No file of doctor stays in a data root after an undo.
            return wanted
        for top in self.data_roots:
            status = self.tree.lstat(top)
            if is_beneath(path, top) and status is not None and found is not None and status.device == found.device:
                return f"host:{top}/.doctor-quarantine/{self.run.name}/{number}"
        return wanted

    def _fits(self, path: str, found: Stat) -> bool:
        """Whether doctor's own disk has space for two copies of ``path``."""
        size = found.size
        if found.kind == "d":
            size = moving.size_of(self.tree.root.rstrip("/") + path)
        room = os.statvfs(self.run.path)
        return 2 * size < room.f_bavail * room.f_frsize

    def _kernel_values(self, paths: tuple[str, ...], *, may_fail: bool) -> dict[str, str]:
        """Read the first file and those that change with it; their interfaces may have disappeared since the plan."""
        values: dict[str, str] = {}
        for path in paths:
            try:
                with open(self.tree.root.rstrip("/") + path, encoding="utf-8", errors="surrogateescape") as stream:
                    values[path] = stream.read().rstrip("\n")
            except FileNotFoundError:
                if path == paths[0] and not may_fail:
                    raise
        return values

    def act(self, step: Step, before: Before | None = None) -> None:
        """Execute a step without a journal entry. ``before`` has the destination of a move to quarantine."""
        match step:
            case Put(path=path, node=node, meta=meta, unlinks=unlinks):
                self.tree.put(path, node, meta, unlinks=unlinks)
            case Move(path=path, to=to, may_fail=may_fail):
                if may_fail and not self._is_there(path):
                    return
                if before is not None and before.displaced:
                    self._move(to, before.displaced)
                self._move(path, before.moved_to if before else to)
            case Attributes(path=path, xattrs=xattrs):
                fields = {name: getattr(step, name) for name in ("mode", "uid", "gid", "flags", "mtime_ns")}
                self.tree.set_attributes(path, fields, xattrs)
            case KernelValue(path=path, value=value, may_fail=may_fail):
                with suppress(*((FileNotFoundError,) if may_fail else ())):
                    self._kernel_write(path, value)
            case Run():
                self._command(step)
            case Signal():
                self._signal(step)
            case Reload():
                engine_of(step).reload(step)
            case StartContainers():
                engine_of(step).start_containers(step)
            case Netlink():
                from doctor.host import netlink  # noqa: PLC0415 - pyroute2 costs 170 ms

                netlink.carry_out(step)

    def _kernel_write(self, path: str, value: str) -> None:
        # Never O_CREAT: on a mounted disk, whose /proc is an empty directory, that would create a file. O_TRUNC has no effect on
        # kernel files; a recorded host has plain ones, where a shorter value must not keep the end of a longer one.
        descriptor = os.open(self.tree.root.rstrip("/") + path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.write(descriptor, f"{value}\n".encode("utf-8", "surrogateescape"))
        finally:
            os.close(descriptor)

    def _move(self, path: str, to: str) -> None:
        to = to.removeprefix("host:")
        if "/.doctor-quarantine/" in to:
            self._make_quarantine(to)
        with self._place(path.removeprefix("host:")) as (source, name), self._place(to) as (target, target_name):
            moving.move(source, name, target, target_name, is_own=path.startswith(runs_dir() + "/"))
            os.fsync(target)
            os.fsync(source)

    @contextmanager
    def _place(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the parent of a path, which is in a run's directory or on the host."""
        if not path.startswith(runs_dir() + "/"):
            with self.tree.parent(path) as place:
                yield place
            return
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor, os.path.basename(path)
        finally:
            os.close(descriptor)

    def _make_quarantine(self, to: str) -> None:
        top = to.rpartition("/")[0]
        for path in (top.rpartition("/")[0], top):
            if self.tree.lstat(path) is None:
                self.tree.put(path, Directory(), None)
                self.tree.set_attributes(path, {"mode": 0o700}, {})

    def _command(self, step: Run) -> None:
        if step.until in {"up", "listens"} and launch.is_there(step):
            return
        child = launch.spawn(step) if step.detach else None
        if child is None and step.argv:
            try:
                result = commands.run(step.argv, timeout_s=step.timeout_s, stdin=step.stdin)
            except HostError as error:
                if step.may_fail:
                    return
                raise RepairError(error.missing.reason) from error
            if result.exit and not step.may_fail:
                text = (result.stderr or result.stdout).decode("utf-8", "replace").strip().splitlines()
                raise RepairError(f"'{_shown(step.argv)}' failed: {' '.join(text[-3:]) or result.exit}")
        if step.until:
            launch.wait(step, child)

    def _signal(self, step: Signal) -> None:
        from doctor.host import process_end  # noqa: PLC0415 - psutil is loaded when a process is ended

        if not process_end.end(step.pid, step.start_ticks, step.signal, timeout_s=step.timeout_s):
            raise RepairError(f"process {step.pid} did not end within {step.timeout_s:g} s after signal {step.signal}")


def _shown(argv: tuple[str, ...]) -> str:
    """Return a command for a message: of a script only that it is one."""
    return " ".join(argv if argv[:2] != ("sh", "-c") else ("sh", "-c", "…"))
