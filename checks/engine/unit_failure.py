"""A unit that containers need beside the engine's own has failed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import StartFailure
from doctor.facts.engine.units import UnitFailure, UnitFailures

_LONGEST = 400


@check(
    severity=Severity.ERROR,
    detail=StartFailure,
    causes=(
        "engine/containerd-down",
        "engine/socket-group-missing",
        "kubernetes/swap-on",
        "resources/disk-full",
        "state/containerd-db-corrupt",
        "state/socket-wrong-type",
    ),
    ok="no unit that containers need has failed",
    messages=(
        Message(
            pattern=r"Dependency failed for Docker Application Container Engine|Dependency failed for docker\.service\S*|docker\.service/start failed with result 'dependency'|A dependency job for docker\.service failed.*",
            example="Dependency failed for docker.service - Docker Application Container Engine.",
            names=("dependency failed",),
            means="a unit that docker.service needs did not start, mostly docker.socket",
            do="see 'journalctl -u docker.socket', and 'systemctl list-dependencies --failed docker.service'",
            also=("engine/socket-group-missing", "engine/containerd-down", "engine/unit-masked"),
        ),
        Message(
            pattern=r"docker\.socket: Failed to (?:resolve user \S+|create listening socket.*|bind to .*|receive listening socket.*|listen on sockets.*|determine SELinux label.*|open directory.*)|docker\.socket:? lacks Listen setting.*|docker\.socket:\d+\S* Failed to parse address value.*|docker\.socket: Socket service docker\.service already active, refusing|Socket service docker\.service not loaded, refusing",
            example="docker.socket: Failed to create listening socket (/run/docker.sock): Address already in use",
            means="systemd can't create the engine's socket, so docker.service, which needs it, does not start",
            do="correct docker.socket ('systemctl cat docker.socket'), then run systemctl daemon-reload && systemctl restart docker.socket docker",
            also=("engine/socket-group-missing", "state/socket-wrong-type"),
        ),
    ),
)
def unit_failure(failures: UnitFailures, config: EngineConfig) -> Iterator[Finding]:
    """A unit that containers need beside the engine's own has failed; the last error in its journal shows the cause.

    What it looks at:
        systemd's state of docker.socket, if the engine listens on ``fd://``, of containerd.service and, on a node of Kubernetes,
        of kubelet.service. Only of a failed one the last lines of the journal, since its last start.

    Why it matters:
        docker.service needs docker.socket and does not start without it: "Dependency failed". Without containerd no container
        starts, without the kubelet no pod. The reason is only in the journal of that unit.

    How it is fixed:
        By repairing the related finding, or manually with this finding's advice.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemd.socket.html
        https://www.freedesktop.org/software/systemd/man/latest/systemctl.html
    """
    for failure in failures.items:
        if failure.name == docker.SOCKET_UNIT and not _is_used(config):
            continue
        if not failure.line and failure.name in {docker.SOCKET_UNIT, containerd.SERVICE}:
            # Without a reason, engine/down and engine/containerd-down say as much.
            continue
        message = failure.explained.best.message if failure.explained is not None else None
        show = f"journalctl -u {failure.name} -n 50"
        means = f": {message.means}" if message is not None else ""
        yield Finding(
            subject=Subject("unit", failure.name),
            message=f"{failure.name} has failed, and {_follows(failure)}{means}",
            evidence=(
                Evidence("systemctl show", f"{failure.name}: {failure.state}"),
                *((Evidence(failure.source, failure.line[:_LONGEST]),) if failure.line else ()),
            ),
            detail=StartFailure(do=f"{message.do}; {show}" if message is not None and message.do else show),
        )


def _is_used(config: EngineConfig) -> bool:
    hosts = config.get("hosts")
    return isinstance(hosts, list) and any(str(host).startswith("fd:") for host in hosts)


def _follows(failure: UnitFailure) -> str:
    if failure.name == docker.SOCKET_UNIT:
        return "the engine's next start needs it"
    return "pods don't start" if failure.name.startswith("kubelet") else "containers need it"
