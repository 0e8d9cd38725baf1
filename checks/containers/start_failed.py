"""A container that should run does not, and the engine has noted why its start failed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.state import EngineState
from doctor.facts.secrets.redact import redact


@check(
    severity=Severity.ERROR,
    causes=("config/invalid-value", "engine/runtime-missing"),
    ok="no start that was asked for failed",
)
def start_failed(containers: Containers, state: EngineState) -> Iterator[Finding]:
    """A container with a restart policy does not run, since the engine could not start it, and the engine does not try again.

    What it looks at:
        With an engine that answers: containers that should restart by themselves, do not run and were not stopped by hand, in whose
        ``config.v2.json`` the engine has noted why their last start failed.

    Why it matters:
        The service is away. A restart policy starts a process again that has ended, but not a container whose start failed: a program
        that is not in the image, an address that the host has not got, a setting of the engine that no container can be started with.

    How it is fixed:
        By a person: what the engine says is mended, then ``docker start``.

    References:
        https://docs.docker.com/engine/containers/start-containers-automatically/
    """
    if not state.is_running:
        return
    for one in containers.items:
        if one.has_failed_start:
            error = redact(one.state.error)
            yield Finding(
                subject=Subject("container", one.title),
                message=f"container {one.title} should run and does not: its start failed",
                evidence=(
                    Evidence(f"{one.directory}/config.v2.json", error),
                    Evidence("restart policy", one.host.restart_policy if one.host is not None else ""),
                ),
            )
