"""A swarm node has the setting live-restore."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfFile
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.engine.state import EngineState, start_fails


@check(
    severity=Severity.CRITICAL,
    detail=OfFile | None,
    stops_start=True,
    ok="live-restore and swarm mode are not used together",
    messages=(
        Message(
            pattern="--live-restore daemon configuration is incompatible with swarm mode",
            example="Error starting cluster component: --live-restore daemon configuration is incompatible with swarm mode",
            names=("live-restore with swarm",),
            means="a swarm node can't have the setting live-restore",
            do='remove "live-restore" from daemon.json, or leave the swarm',
        ),
    ),
)
def swarm_live_restore(swarm: SwarmFiles, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """A swarm node has the setting live-restore, which excludes swarm mode, so the engine does not start.

    What it looks at:
        ``live-restore`` in daemon.json or on the command line, on a host with ``swarm/docker-state.json`` and a node certificate.

    Why it matters:
        dockerd exits with "--live-restore daemon configuration is incompatible with swarm mode". An engine that runs refuses
        only at its next start, which is often that of an upgrade or a reboot.

    How it is fixed:
        The setting is removed from daemon.json: the swarm keeps its services. A flag is removed manually.

    References:
        https://docs.docker.com/engine/daemon/live-restore/
    """
    if not swarm.has_state or not swarm.has_certificate or config.get("live-restore") is not True:
        return
    place = config.setting("live-restore").place
    yield Finding(
        subject=Subject("setting", "live-restore"),
        message=f"live-restore is on, and this host is a swarm node: {start_fails(state)}",
        evidence=(Evidence(place, "live-restore: true"), Evidence(f"{swarm.directory}/docker-state.json", "exists")),
        detail=OfFile(path=config.json.path) if place.startswith(config.json.path) else None,
    )
