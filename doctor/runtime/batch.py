"""Runs several containers from one JSON document, in one process that forks for each; prints a JSON line as each ends.

Ten launches in one process cost 0.4 of ten cold ones: the interpreter starts once.
"""

import gc
import time

from doctor.runtime import builtins
from doctor.runtime.base import document
from doctor.runtime.base.frozen import FAILED, TYPE_CHECKING, LaunchError, reason
from doctor.runtime.base.system import os
from doctor.runtime.plan.container import ContainerPlan
from doctor.runtime.plan.reader import FieldReader, bad
from doctor.runtime.plan.spec import plan_from
from doctor.runtime.process import launch
from doctor.runtime.process.launch import LaunchContext, Stdio
from doctor.runtime.supervise import BatchJob, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

_READY_S = 10.0
_MAX_PARALLEL = 64


def plans_from(text: str | bytes) -> tuple[list[ContainerPlan], int]:
    """The plans of a document, and how many may run in parallel. Raises LaunchError (2) for anything unexpected."""
    try:
        value = document.parsed(text if isinstance(text, str) else text.decode())
    except UnicodeDecodeError:
        raise bad("can't parse the document: it is not UTF-8") from None
    except LaunchError as failure:
        raise bad(f"can't parse the document: {failure.message}") from None
    reader = FieldReader(value, "document")
    parallel = reader.number("parallel", 1, _MAX_PARALLEL)
    sources = reader.items("containers")
    reader.end()
    plans = [plan_from(source, f"containers[{i}]", f"c{i}") for i, source in enumerate(sources)]
    seen: set[str] = set()
    for plan in plans:
        if plan.id in seen:
            raise bad(f"the id '{plan.id}' occurs twice")
        if plan.work.builtin is not None:
            builtins.function(plan.work.builtin)
        seen.add(plan.id)
    return plans, 1 if parallel is None else parallel


class Batch:
    """Runs plans in order; `emit` receives each result as its container ends."""

    def __init__(self, plans: list[ContainerPlan], parallel: int, emit: "Callable[[dict[str, object]], None]") -> None:
        self._plans = plans
        self._parallel = parallel
        self._emit = emit
        self._supervisor = Supervisor()
        self._shared = LaunchContext()
        self._by_id: dict[str, BatchJob] = {}

    def run(self) -> None:
        """Start each plan as soon as a slot is free, wait for the foreground ones, then kill the background ones."""
        try:
            for plan in self._plans:
                while self._foreground() >= self._parallel:
                    self._collect(self._supervisor.step())
                self._supervisor.check()
                self._start(plan)
            while self._foreground():
                self._collect(self._supervisor.step())
        finally:
            self._collect(self._supervisor.kill_all())
            self._shared.finish()

    def _foreground(self) -> int:
        return sum(1 for job in self._supervisor.jobs if not job.plan.background)

    def _collect(self, ended: list[BatchJob]) -> None:
        for job in ended:
            self._emit(result_of(job))

    def _start(self, plan: ContainerPlan) -> None:
        joined = None
        stdio = _pipes(with_stdin=plan.stdin is not None)
        try:
            joined = self._joined(plan)
            function = None if plan.work.builtin is None else builtins.function(plan.work.builtin)
            running = launch.start(plan, self._shared, stdio, joined=joined, function=function)
        except (LaunchError, OSError) as error:
            for descriptor in stdio.outside.values():
                os.close(descriptor)
            failure = error if isinstance(error, LaunchError) else LaunchError(f"can't start it: {reason(error)}")
            self._emit(result_of_failure(plan, failure))
            return
        finally:
            for descriptor in (*stdio.inside, *([] if joined is None else [joined])):
                os.close(descriptor)
        job = BatchJob(running, stdio)
        self._by_id[plan.id] = job
        self._supervisor.add(job)
        if plan.background:
            self._wait_for(job)

    def _wait_for(self, job: BatchJob) -> None:
        end = time.monotonic() + _READY_S
        while job in self._supervisor.jobs and not job.is_ready() and (left := end - time.monotonic()) > 0:
            self._collect(self._supervisor.step(left))

    def _joined(self, plan: ContainerPlan) -> int | None:
        if plan.net.kind not in ("container", "path"):
            return None
        from doctor.runtime.network import link  # noqa: PLC0415 - only a batch that joins networks needs it

        if plan.net.kind == "path":
            return link.open_path(plan.net.target)
        job = self._by_id.get(plan.net.target)
        if job is not None:
            if job.running.status is not None:
                raise LaunchError(f"container '{plan.net.target}' is no longer running")
            return link.open_namespace(str(job.running.pid))
        if link.is_process(plan.net.target):
            return link.open_namespace(plan.net.target)
        raise LaunchError(f"no container '{plan.net.target}' was started before '{plan.id}'")


def _pipes(*, with_stdin: bool) -> Stdio:
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    outside = {1: out_read, 2: err_read}
    if with_stdin:
        stdin, outside[0] = os.pipe()
    else:
        stdin = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    return Stdio((stdin, out_write, err_write), outside)


def result_of(job: BatchJob) -> dict[str, object]:
    """The JSON object for a container that has ended."""
    code, signal = launch.exit_code(job.running.status or 0)
    error = None
    if job.error is not None:
        code, signal, error = job.error.code, None, job.error.message
    elif job.timed_out:
        error = f"it was killed after {job.plan.timeout_s:g} s"
    return {
        "id": job.plan.id,
        "exit": code,
        "signal": signal,
        "stdout": job.streams[1].decode("utf-8", "replace"),
        "stderr": job.streams[2].decode("utf-8", "replace"),
        "dropped_bytes": job.dropped[1] + job.dropped[2],
        "wall_s": round(job.ended or 0.0, 6),
        "timed_out": job.timed_out,
        "killed": job.killed,
        "oom_killed": job.running.oom_kills > 0,
        "error": error,
        "warnings": job.running.problems,
    }


def result_of_failure(plan: ContainerPlan, failure: LaunchError) -> dict[str, object]:
    """The JSON object for a container that could not be started."""
    return {
        "id": plan.id,
        "exit": failure.code if failure.code != 2 else FAILED,
        "signal": None,
        "stdout": "",
        "stderr": "",
        "dropped_bytes": 0,
        "wall_s": 0.0,
        "timed_out": False,
        "killed": False,
        "oom_killed": False,
        "error": failure.message,
        "warnings": [],
    }


def run(text: str | bytes) -> int:
    """The verb `batch`: 0 if every container started and exited with 0, else 1."""
    plans, parallel = plans_from(text)
    # A long batch may collect garbage, but existing objects are frozen: touching them would copy their pages in each
    # child.
    gc.freeze()
    gc.enable()
    worst = 0

    def emit(result: dict[str, object]) -> None:
        nonlocal worst
        if result["error"] is not None or (result["exit"] != 0 and not result["killed"]):
            worst = 1
        os.write(1, document.written(result).encode() + b"\n")

    Batch(plans, parallel, emit).run()
    return worst
