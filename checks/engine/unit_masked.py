"""A unit that the engine's start needs is masked."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import MaskedUnit
from doctor.facts.engine.state import EngineState
from doctor.facts.engine.units import EngineUnits


@check(
    severity=Severity.WARNING,
    detail=MaskedUnit,
    stops_start=True,
    ok="no unit that the engine's start needs is masked",
    messages=(
        Message(
            pattern=r"Unit \S+ is masked",
            example="Failed to start docker.service: Unit docker.service is masked.",
            means="the unit is a link to /dev/null, so systemd refuses to start it until 'systemctl unmask' removes that link",
            do="unmask the unit with systemctl",
            also=("engine/containerd-down",),
        ),
    ),
)
def unit_masked(units: EngineUnits, state: EngineState, config: EngineConfig) -> Iterator[Finding]:
    """A unit that the engine's start needs is masked, so systemd refuses to start it.

    What it looks at:
        systemd's LoadState of docker.service, of docker.socket if the engine listens on ``fd://``, and of containerd.service if
        the engine is configured to use a containerd that it does not start itself.

    Why it matters:
        A masked unit is a link to /dev/null. Nothing can start it, neither a boot, a user nor another unit: systemd reports "Unit
        docker.service is masked", and 'systemctl enable' does not help. A running engine keeps running until its next stop.

    How it is fixed:
        An administrator masked the unit, so the user decides: 'systemctl unmask', or ``--choose``, which removes the link and
        reloads systemd's units. The engine is started afterwards.

    References:
        https://www.freedesktop.org/software/systemd/man/latest/systemctl.html
    """
    if state.status == "absent":
        return
    masked = tuple(name for name in _needed(units, config) if units.get(name).load == "masked")
    for name in masked:
        unit = units.get(name)
        yield Finding(
            subject=Subject("unit", name),
            message=f"{name} is masked: the engine can't be started{' again after its next stop' if state.is_running else ''}",
            evidence=(Evidence("systemctl show", f"{name}: LoadState={unit.load}, ActiveState={unit.active}"),),
            detail=MaskedUnit(name=name, together=masked),
        )


def _needed(units: EngineUnits, config: EngineConfig) -> Iterator[str]:
    yield docker.SERVICE
    hosts = config.get("hosts")
    # A masked service hides its command line; usually its socket is masked with it.
    is_hidden = units.get(docker.SERVICE).load == "masked"
    if is_hidden or (isinstance(hosts, list) and any(str(host).startswith("fd:") for host in hosts)):
        yield docker.SOCKET_UNIT
    if config.get("containerd") in containerd.SOCKETS:
        yield containerd.SERVICE
