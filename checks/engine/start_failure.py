"""The engine's last start failed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.details import StartFailure
from doctor.facts.engine.log import EngineLog
from doctor.facts.engine.start import STOPPERS
from doctor.facts.engine.state import EngineState

_LONGEST = 400


_CAUSES = tuple(identity for identity in STOPPERS if identity != "engine/start-failure")


@check(
    severity=Severity.CRITICAL,
    detail=StartFailure,
    causes=_CAUSES,
    ok="the engine's last start did not fail",
    messages=(
        Message(
            pattern=r"""Job for docker\.service failed.*|docker\.service: Main process exited, code=exited, status=1/FAILURE|Failed to start (?:docker\.service - )?Docker Application Container Engine""",
            example='Job for docker.service failed because the control process exited with error code. See "systemctl status docker.service" and "journalctl -xeu docker.service" for details.',
            means="the engine exited at its start; its log has the reason",
            do="run 'doctor explain --unit docker'",
        ),
    ),
)
def start_failure(state: EngineState, log: EngineLog) -> Iterator[Finding]:
    """The engine exited during its start; its last fatal message shows the cause.

    What it looks at:
        The end of the engine's log (the journal, or /var/log/docker.log) from its last "Starting up", only while it is down.

    Why it matters:
        The last fatal line leads to the cause. Earlier lines may be about problems that are already resolved.

    How it is fixed:
        By repairing the related finding, or manually with this finding's advice.

    References:
        https://docs.docker.com/engine/daemon/logs/
    """
    line = log.fatal
    if state.status != "down" or not line:
        return
    known = log.explained.best.message if log.explained is not None else None
    means = "it exited with a fatal error" if known is None else known.means
    do = "" if known is None else known.do
    yield Finding(
        subject=Subject("engine", "start"),
        message=f"the engine's last start failed: {means}",
        evidence=(Evidence(log.source, line[:_LONGEST]),),
        detail=StartFailure(do=do or f"read the last lines of {log.source}"),
    )
