"""The record of a run on disk: its plan as data, and a journal that is written before each step.

A run's directory has ``plan.json``, ``journal`` (one entry per line, synced; with the short files that steps replaced),
``backup/N`` (the longer file that step N replaced), ``quarantine/N`` (the node that step N moved to quarantine) and ``report``
(what the command that applied it reported, for ``doctor report``).
"""

import os
import re
import shutil
from contextlib import suppress
from hashlib import sha256

import msgspec

from doctor.model.errors import DoctorError, RefusedError, RepairError
from doctor.model.host_identity import HostIdentity
from doctor.model.paths import is_beneath
from doctor.model.report import PlannedAction
from doctor.model.root_identity import RootIdentity
from doctor.model.severity import Applicability
from doctor.model.step import Reload, Step, Stopped
from doctor.model.step import Run as Command
from doctor.plugins.engines import first_engine
from doctor.repair.expected import ByEngine
from doctor.repair.runs.journal import Entry, Journal, line, parse
from doctor.state.files import append, atomic_write, ensure_dir
from doctor.state.host_json import decode, encode
from doctor.state.paths import runs_dir
from doctor.state.trust import weakness


class ActionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A planned action with its steps.

    ``engine`` names the engine of a stop or start that the plan itself added: an undo adds its own. ``undoes`` is the number of
    the action that an action of an undo reverses, 0 for its own stop and start.
    """

    number: int
    summary: str
    risk: int
    fixes: tuple[str, ...]
    check_ids: tuple[str, ...]
    diff: str
    steps: tuple[Step, ...]
    engine: str = ""
    undoes: int = 0

    def shown(self, result: str) -> PlannedAction:
        """Return the action as reports show it, with its result."""
        return PlannedAction(
            number=self.number,
            summary=self.summary,
            risk=Applicability(self.risk),
            fixes=self.fixes,
            check_ids=self.check_ids,
            diff=self.diff,
            result=result,
        )


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An applied plan.

    Attributes:
        root: the root of its paths: "/" or a mounted directory.
        resolves: fingerprints of the findings that must be resolved afterwards.
        check_ids: the checks that were part of it.
        predicted: fingerprints of the findings that are expected afterwards.
        probes: probes that prove it.
        running: names of the engines that held their data roots when the run began.
        data_roots: directories that no engine may hold while steps write below them, including ``service_roots``.
        service_roots: those of a separate containerd service.
        apart: by engine, those that another engine than the first one holds.
        undoes: the run that this one undoes, or "".
        is_rollback: whether it does so because that run failed: then everything must be restored, including a running engine.
        host: identity of the repaired disk, if it is not that of the running host.
        roots: by engine, identity of its data root.
        keeps: paths that an undo does not restore because of later work, or that it merged with it.
        expected: what must be in the data roots afterwards, by engine and name; empty for a run that neither writes there nor
            starts an engine.
        engine_ran: for an undo, whether it stops an engine that answered during planning; ``ran`` the containers that ran then.
        repaired_images: ids of images that this run repairs: each must be mountable before an engine starts.
        deep: whether the plan's checks read contents, so that verification does too.
        boot: identity of the boot during which it ran, "" if unknown or if the root is not the running host's.
        ended: ways on which packets of containers ended before: a hop behind that place is seen only afterwards.
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
    running: tuple[str, ...] = ()
    data_roots: tuple[str, ...] = ()
    service_roots: tuple[str, ...] = ()
    apart: dict[str, tuple[str, ...]] = {}
    undoes: str = ""
    is_rollback: bool = False
    host: HostIdentity = HostIdentity()
    roots: dict[str, RootIdentity] = {}
    keeps: tuple[str, ...] = ()
    expected: ByEngine = {}
    repaired_images: tuple[str, ...] = ()
    deep: bool = False
    ended: tuple[str, ...] = ()
    boot: str = ""
    engine_ran: bool = False
    ran: tuple[Stopped, ...] = ()

    def socket_of(self, engine: str) -> str:
        """Return the socket of this engine, which the plan stops, starts or asks; "" for its default socket."""
        steps = (step for action in self.actions for step in action.steps)
        asked = (step for step in steps if isinstance(step, Command | Reload) and step.engine in {engine, ""})
        return next((step.socket for step in asked if step.socket), "")

    def held_by(self, engine: str) -> tuple[str, ...]:
        """Return the data roots that this engine holds while it runs, without those of a containerd service."""
        if engine in self.apart:
            return self.apart[engine]
        others = {*self.service_roots, *(top for tops in self.apart.values() for top in tops)}
        return tuple(top for top in self.data_roots if top not in others)

    def stopped_for(self, engine: str) -> tuple[str, ...]:
        """Return the data roots that are not written while this engine runs, including those of the service below it."""
        return self.held_by(engine) if engine in self.apart else (*self.held_by(engine), *self.service_roots)

    def locked_with(self, path: str) -> tuple[str, ...]:
        """Return the directories that no process may hold while ``path`` is written; () for a path outside of data roots.

        That is all directories of an engine, because the lock of a directory on another disk is in the data root. A separate
        containerd service always holds its own root, which does not block the engine's. If one root contains the other,
        neither may be held.
        """
        return tuple(
            top
            for tops in (self.service_roots, *self.apart.values(), self.held_by(first_engine().name))
            if any(is_beneath(path, place) for place in tops)
            for top in tops
        )


_NAME = re.compile(r"(\d{4,})-\d{8}-\d{6}")


class RunDirectory:
    """A run's directory. Its name begins with its number, which orders runs: clocks may go back."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)

    @property
    def number(self) -> int:
        """The number in its name, 0 if it has none."""
        found = _NAME.fullmatch(self.name)
        return int(found[1]) if found else 0

    @classmethod
    def unkept(cls, name: str) -> "RunDirectory":
        """Return a run without a record, for a rollback on a full or broken disk."""
        return _Unkept(os.path.join(runs_dir(), name))

    @classmethod
    def create(cls, plan: PlanRecord) -> "RunDirectory":
        """Create the directory and write the plan, synced, before anything on the host changes."""
        run = cls(os.path.join(runs_dir(), plan.run))
        ensure_dir(run.path)
        try:
            for name in ("backup", "quarantine"):
                ensure_dir(os.path.join(run.path, name))
            text = encode(plan, indent=1)
            atomic_write(run._file("plan.json"), text)
            # Synced with the first intent: nothing changes before that.
            begun = Entry(state="begun", result=sha256(text).hexdigest())
            append(run._file("journal"), line(begun), is_synced=False)
        except (OSError, DoctorError) as error:
            shutil.rmtree(run.path, ignore_errors=True)
            why = error.strerror if isinstance(error, OSError) else error
            raise RefusedError(
                f"can't write the plan and its journal: {why}",
                where=run.path,
                do="free space there; nothing was changed",
            ) from error
        return run

    def reserve(self, size_bytes: int) -> None:
        """Reserve the space that an undo may need, before the first step; raises ``RefusedError`` if there is not enough."""
        descriptor = os.open(self._file("reserve"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise RefusedError(
                f"no space for an undo of the repair ({size_bytes >> 10} KiB): {error.strerror}",
                where=self.path,
                do="free space there; nothing was changed",
            ) from error
        finally:
            os.close(descriptor)

    def free_reserve(self) -> None:
        """Release the reserved space: an undo begins, or is no longer needed."""
        with suppress(OSError):
            os.unlink(self._file("reserve"))

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    def backup_file(self, step: int) -> str:
        """Return the path for the content that a step replaces."""
        return os.path.join(self.path, "backup", str(step))

    def quarantine_file(self, name: str) -> str:
        """Return the quarantine path for the node that a step moves, if it is on this file system."""
        return os.path.join(self.path, "quarantine", name)

    def plan(self) -> PlanRecord:
        """Return the plan; raises ``RefusedError`` if the file is missing, corrupt, or could have been written by others."""
        path = self._file("plan.json")
        try:
            data = self._read("plan.json")
            plan = decode(data, PlanRecord)
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise RefusedError(
                f"can't read the plan of run {self.name}: {why}", where=path, do=self._by_hand()
            ) from error
        begun = next((entry.result for entry in self.journal().entries if entry.state == "begun"), "")
        if begun and begun != sha256(data).hexdigest():
            raise RefusedError(
                f"the plan of run {self.name} is corrupt: its checksum is wrong", where=path, do=self._by_hand()
            )
        return plan

    def _by_hand(self) -> str:
        return (
            f"its original files are in {self.path}/backup and /quarantine, short ones in its journal; "
            f"once you have restored the host, move {self.path} away"
        )

    def _read(self, name: str) -> bytes:
        path = self._file(name)
        weak = weakness(path)
        if weak is not None:
            raise RefusedError(
                f"run {self.name} is not used: users other than root could have written it: {weak}",
                where=path,
                do=weak.do,
            )
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            return stream.read()

    def write(self, *entries: Entry, is_synced: bool = True) -> None:
        """Append entries to the journal and sync them, or leave the sync to the next ones; raises ``RepairError``."""
        try:
            append(self._file("journal"), b"\n".join(map(line, entries)), is_synced=is_synced)
        except OSError as error:
            raise RepairError(f"can't write the journal: {error.strerror}", where=self._file("journal")) from error

    def journal(self) -> Journal:
        """Return its journal; raises ``RefusedError`` if it can't be read, or others could have written it."""
        try:
            return parse(self._read("journal"))
        except FileNotFoundError:
            return Journal()
        except OSError as error:
            raise RefusedError(
                f"can't read the journal of run {self.name}: {error.strerror}", where=self._file("journal")
            ) from error

    def keep_report(self, data: bytes) -> None:
        """Keep the packed report of the run beside its plan; raises ``OSError`` or ``DoctorError``."""
        atomic_write(self._file("report"), data)

    def report(self) -> bytes | None:
        """Return the packed report, ``None`` if none was kept; raises ``RefusedError`` if others could have written it."""
        try:
            return self._read("report")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RefusedError(
                f"can't read the report of run {self.name}: {error.strerror}", where=self._file("report")
            ) from error

    @property
    def result(self) -> str:
        """Return the result of the run: "applied", "rolled back", "undone", …, or "" if it is unfinished."""
        return self.journal().result

    def finish(self, result: str, there: ByEngine | None = None) -> None:
        """Record the result of the run, and what is complete in the data root then."""
        self.write(Entry(state="finished", result=result, there=there))


class _Unkept(RunDirectory):
    """A run without a directory: writing its journal fails as on a full disk."""

    def write(self, *entries: Entry, is_synced: bool = True) -> None:
        """Fail; a rollback continues without a journal."""
        del entries, is_synced
        raise RepairError("the rollback is not recorded", where=self.path)

    def finish(self, result: str, there: ByEngine | None = None) -> None:
        """Do nothing: there is no journal."""
