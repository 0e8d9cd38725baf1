"""A container with a restart policy does not run because its start failed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import Startable, StartError
from doctor.facts.containers.memory import is_starved
from doctor.facts.containers.needs import subject_of, titles
from doctor.facts.containers.programs import ProgramFaults
from doctor.facts.containers.start_errors import StartErrors, cause_of
from doctor.facts.engine.state import EngineState
from doctor.facts.secrets.log_text import shown_line


@check(
    severity=Severity.ERROR,
    detail=StartError,
    causes=("config/invalid-value", "engine/runtime-missing"),
    ok="no container is stopped because of a failed start",
    messages=(
        Message(
            pattern="OCI runtime create failed",
            example="OCI runtime create failed: runc create failed: unable to start container process",
            means="runc could not start the container; the end of the line shows why",
            do="read the end of the line: doctor has no message for it; then 'journalctl -b -u containerd -u docker' and 'journalctl -b -k' at that time",
        ),
    ),
)
def start_failed(
    containers: Containers, state: EngineState, errors: StartErrors, programs: ProgramFaults | Missing
) -> Iterator[Finding]:
    """A container with a restart policy does not run because its start failed, and the engine does not retry.

    What it looks at:
        If the engine answers: containers with a restart policy that do not run, were not stopped by a user, and have an error of
        their last start in ``config.v2.json``. Containers with the same error are one finding. A program that can't be executed,
        a memory limit that is too small, and devices, paths, plugins, runtimes and CDI devices that do not exist are reported by
        the checks of these causes.

    Why it matters:
        The service is down. A restart policy restarts a process that exited, but not a container whose start failed, for example
        because of a program that is not in the image, an address that the host does not have, or a wrong setting of the engine.

    How it is fixed:
        If what was missing is certainly there now (the path, the device, the volume plugin, space, a runtime that can be
        executed), the container is started. Otherwise manually: correct the error that the engine recorded, then
        ``docker start``. For a known error, the advice names the remedy.

    References:
        https://docs.docker.com/engine/containers/start-containers-automatically/
    """
    if not state.is_running:
        return
    apart = errors.apart.union(programs.items if isinstance(programs, ProgramFaults) else ())
    groups: dict[str, list[Container]] = {}
    for one in containers.items:
        if one.has_failed_start and one.id not in apart and not is_starved(one):
            groups.setdefault(cause_of(one), []).append(one)
    for cause, some in groups.items():
        known = errors.known.get(some[0].id)
        means = f" ({known.message.means})" if known is not None else ""
        who, pronoun = (
            (f"container {some[0].title}", "it") if len(some) == 1 else (f"containers {titles(some)}", "each")
        )
        yield Finding(
            subject=subject_of(some, shown_line(cause)[-60:].strip()),
            message=f"the last start of {who} failed: {pronoun} should run but does not{means}",
            evidence=(
                Evidence(some[0].config_path, shown_line(some[0].state.error, 1000)),
                Evidence("restart policy", some[0].host.restart_policy if some[0].host is not None else ""),
            ),
            detail=StartError(
                names=tuple(one.title for one in some[:5]),
                do=known.message.do if known is not None else "",
                startable=_startable(some, errors),
            ),
        )


def _startable(some: list[Container], errors: StartErrors) -> tuple[Startable, ...]:
    if not all(one.id in errors.gone for one in some):
        return ()
    return tuple(
        Startable(identity=one.id, name=one.title, path=one.config_path, reason=errors.gone[one.id]) for one in some
    )
