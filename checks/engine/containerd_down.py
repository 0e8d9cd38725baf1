"""The containerd that the engine needs does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.engine.details import ContainerdDown
from doctor.facts.engine.state import EngineState
from doctor.facts.engine.units import EngineUnits
from doctor.facts.host.processes import Processes


@check(
    severity=Severity.CRITICAL,
    detail=ContainerdDown,
    breaks=("start",),
    causes=("engine/unit-masked",),
    stops_start=True,
    ok="the containerd that the engine needs runs",
    messages=(
        Message(
            pattern=r"timeout waiting for containerd to start|failed to dial \S*containerd\S*|containerd\.sock\S*:? (?!.*bind: no such file).*(?:connect: connection refused|context deadline exceeded|no such file or directory)",
            example="failed to start containerd: timeout waiting for containerd to start",
            means="containerd does not run or does not answer, and dockerd does not start without it",
            do="read containerd's log with 'journalctl -u containerd', then start it; a panic about pages or a freelist there is a corrupt database",
            also=(
                "engine/unit-masked",
                "state/containerd-db-corrupt",
                "state/containerd-pid-foreign",
                "resources/disk-full",
            ),
            apart="the last lines of containerd's own log",
        ),
        Message(
            pattern=r"read unix @?->\S*containerd\S*\.sock: read: connection reset by peer|containerd\S*\.sock: write: broken pipe",
            example="rpc error: code = Unavailable desc = error reading from server: read unix @->/run/containerd/containerd.sock: read: connection reset by peer",
            means="containerd ended while its client waited for an answer: it was restarted, crashed, or was killed",
            do="see the end of its earlier run with 'journalctl -u containerd', and 'journalctl -k' for a lack of memory",
            also=("resources/oom-killed", "state/containerd-db-corrupt"),
        ),
    ),
)
def containerd_down(
    config: EngineConfig,
    state: EngineState,
    processes: Processes,
    units: EngineUnits | Missing,
    service: ContainerdService,
) -> Iterator[Finding]:
    """The engine is configured to use a containerd that does not run, so the engine or its containers do not start.

    What it looks at:
        ``--containerd`` (or ``containerd`` in daemon.json), and whether a containerd runs on this host. Without that setting, the
        engine starts its own containerd. If none runs, its settings (config.toml and the files that it imports) are validated.

    Why it matters:
        dockerd waits about a minute for the socket and exits with "failed to dial …containerd.sock". A running engine answers,
        but every container start fails.

    How it is fixed:
        containerd.service is started if systemd has it and it is not masked. If its settings are invalid, it would exit at once:
        correct them manually. Otherwise the advice shows how to find out why containerd exited.

    References:
        https://docs.docker.com/reference/cli/dockerd/
    """
    socket = config.get("containerd")
    if state.status in {"absent", "idle"} or not isinstance(socket, str) or not socket:
        return
    if processes.of_host("containerd") or not processes.items:
        return
    unit = None if isinstance(units, Missing) else units.get(containerd.SERVICE)
    if unit is not None and unit.active == "active":
        return
    is_masked = unit is not None and unit.load == "masked"
    has_unit = unit is not None and unit.exists and not is_masked
    said = () if unit is None else (Evidence(containerd.SERVICE, f"{unit.load}, {unit.active} ({unit.result})"),)
    broken = (Evidence(service.where, service.problem),) if service.problem else ()
    yield Finding(
        subject=Subject("process", "containerd"),
        message=f"the engine's containerd ({socket}) does not run"
        + (" because its settings are invalid" if broken else "")
        + (" because containerd.service is masked" if is_masked and not broken else "")
        + ": no container can be started",
        evidence=(Evidence(config.setting("containerd").place, socket), *said, *broken),
        detail=ContainerdDown(
            unit=containerd.SERVICE if has_unit and not broken else "", settings=service.where, is_masked=is_masked
        ),
    )
