"""A run that is taken up again after a crash may meet an engine that the boot has started: it has to stand aside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError, RepairError
from doctor.model.missing import Missing
from doctor.model.paths import is_beneath
from doctor.model.step import Step, places
from doctor.repair.runs.record import PlanRecord, Run
from doctor.repair.steps.execute import Executor
from doctor.scan.resolve import Facts


@contextmanager
def engine_aside(run: Run, record: PlanRecord, host: Host, progress: Callable[[str], None]) -> Iterator[None]:
    """Stop an engine that holds a data root which steps that are left will write, and start it again afterwards.

    Raises ``RefusedError`` where doctor could not start it again.
    """
    left = _left(run, record) if host.is_live() else []
    control = Facts(host).get(EngineControl) if left else None
    if control is None or isinstance(control, Missing):
        yield
        return
    service = bool(control.containerd) and any(is_beneath(path, top) for path in left for top in record.service_roots)
    if not control.is_running and not service:
        yield
        return
    manual = (control.manual if control.is_running else "") or (control.containerd_manual if service else "")
    if manual:
        raise RefusedError("the engine must be stopped for it, and doctor can't start it again", do=manual)
    executor = Executor(run, record)
    progress("stopping the engine, which runs again" if control.is_running else "stopping containerd, which runs again")
    _act(executor, control.stop_steps(with_containerd=service))
    wanted = control.is_running and not (record.undoes and not record.engine_was_running)
    try:
        yield
    finally:
        # Also after an error: an engine that ran is not left stopped. One that the run itself has started answers by now.
        try:
            _act(
                executor,
                (*(control.start_containerd_steps() if service else ()), *(control.start_steps() if wanted else ())),
            )
        except RepairError as failure:
            progress(f"the engine does not start: {failure}")


def _left(run: Run, record: PlanRecord) -> list[str]:
    """Return what steps that are left write in data roots, where the run has its own stop of the engine behind it."""
    done = run.journal().done
    steps = [(action.engine, step) for action in record.actions for step in action.steps]
    left = [(engine, step) for number, (engine, step) in enumerate(steps) if number not in done]
    first = next((engine for engine, _ in left), False)
    paths = [path for _, step in left for path in places(step)]
    return [] if first else [path for path in paths if any(is_beneath(path, top) for top in record.data_roots)]


def _act(executor: Executor, steps: tuple[Step, ...]) -> None:
    for step in steps:
        try:
            executor.act(step)
        except OSError as error:
            raise RepairError(f"can't stop or start the engine: {error.strerror}") from error
