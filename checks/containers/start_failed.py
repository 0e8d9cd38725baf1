"""A container with a restart policy does not run because its start failed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import StartError
from doctor.facts.containers.start_errors import StartErrors
from doctor.facts.engine.state import EngineState
from doctor.facts.secrets.redact import redact


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
            do="read the end of the line",
        ),
    ),
)
def start_failed(containers: Containers, state: EngineState, errors: StartErrors) -> Iterator[Finding]:
    """A container with a restart policy does not run because its start failed, and the engine does not retry.

    What it looks at:
        If the engine answers: containers with a restart policy that do not run, were not stopped by a user, and have an error of
        their last start in ``config.v2.json``.

    Why it matters:
        The service is down. A restart policy restarts a process that exited, but not a container whose start failed, for example
        because of a program that is not in the image, an address that the host does not have, or a wrong setting of the engine.

    How it is fixed:
        Manually: correct the error that the engine recorded, then ``docker start``. For a known error, the advice names the
        remedy.

    References:
        https://docs.docker.com/engine/containers/start-containers-automatically/
    """
    if not state.is_running:
        return
    for one in containers.items:
        if one.has_failed_start:
            error = redact(one.state.error)
            known = errors.known.get(one.id)
            means = f" ({known.message.means})" if known is not None else ""
            yield Finding(
                subject=Subject("container", one.title),
                message=f"the last start of container {one.title} failed: it should run but does not{means}",
                evidence=(
                    Evidence(one.config_path, error),
                    Evidence("restart policy", one.host.restart_policy if one.host is not None else ""),
                ),
                detail=StartError(do=known.message.do if known is not None else ""),
            )
