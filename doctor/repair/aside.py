"""Stops an engine that the boot started after a crash, while the interrupted run is finished."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from doctor.facts.engine.control import EngineControl
from doctor.host.base import Host
from doctor.model.errors import RefusedError, RepairError
from doctor.model.paths import is_beneath
from doctor.model.step import Step, places
from doctor.plugins.engines import engine
from doctor.repair.runs.record import PlanRecord, RunDirectory
from doctor.repair.steps.execute import Executor
from doctor.scan.controls import controls
from doctor.scan.resolve import Facts


@contextmanager
def engine_aside(run: RunDirectory, record: PlanRecord, host: Host, progress: Callable[[str], None]) -> Iterator[None]:
    """Stop an engine that holds a data root which the remaining steps write, and start it again afterwards.

    Raises ``RefusedError`` if doctor could not start it again.
    """
    left = _left(run, record) if host.is_live() else []
    known = controls(Facts(host)) if left else ()
    aside = [one for one in (_Aside.of(control, left, record) for control in known) if one is not None]
    for one in aside:
        manual = (one.control.manual if one.control.is_running else "") or (
            one.control.containerd_manual if one.service else ""
        )
        if manual:
            raise RefusedError(f"{one.noun} must be stopped for it, and doctor can't start it again", do=manual)
    executor = Executor(run, record)
    with ExitStack() as started:
        for one in aside:
            progress(f"stopping {one.noun}, which was started meanwhile")
            _act(executor, one.control.stop_steps(with_containerd=one.service))
            # Also after an error: an engine that ran must not stay stopped. One that the run itself started answers now.
            started.callback(_start, executor, one, record, progress)
        yield


class _Aside(Struct, frozen=True):
    """An engine that must be stopped, and whether the containerd service below it must be."""

    control: EngineControl
    service: bool

    @classmethod
    def of(cls, control: EngineControl, left: list[str], record: PlanRecord) -> "_Aside | None":
        """Return the part of it that holds a root of these paths; ``None`` for none."""
        service = bool(control.containerd) and _is_in(left, record.service_roots)
        is_held = control.is_running and _is_in(left, record.stopped_for(control.engine))
        return cls(control, service) if service or is_held else None

    @property
    def noun(self) -> str:
        """Return its name in a sentence."""
        return engine(self.control.engine).noun if self.control.is_running else "containerd"


def _is_in(paths: list[str], tops: tuple[str, ...]) -> bool:
    return any(is_beneath(path, top) for path in paths for top in tops)


def _start(executor: Executor, one: _Aside, record: PlanRecord, progress: Callable[[str], None]) -> None:
    control = one.control
    wanted = control.is_running and not (record.undoes and control.engine not in record.running)
    steps = (
        *(control.start_containerd_steps() if one.service else ()),
        *(control.start_steps() if wanted else ()),
    )
    try:
        _act(executor, steps)
    except RepairError as failure:
        progress(f"{engine(control.engine).noun} does not start: {failure}")


def _left(run: RunDirectory, record: PlanRecord) -> list[str]:
    """Return the paths in data roots that the remaining steps write, if the run has already stopped the engine."""
    done = run.journal().done
    steps = [(action.engine, step) for action in record.actions for step in action.steps]
    left = [(owner, step) for number, (owner, step) in enumerate(steps) if number not in done]
    first = next((owner for owner, _ in left), "")
    paths = [path for _, step in left for path in places(step)]
    return [] if first else [path for path in paths if any(is_beneath(path, top) for top in record.data_roots)]


def _act(executor: Executor, steps: tuple[Step, ...]) -> None:
    for step in steps:
        try:
            executor.act(step)
        except OSError as error:
            raise RepairError(f"can't stop or start the engine: {error.strerror}") from error
