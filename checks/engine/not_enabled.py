"""The engine does not start at boot."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.state import EngineState
from doctor.facts.engine.units import EngineUnits


@check(severity=Severity.INFO, ok="the engine starts at boot")
def not_enabled(units: EngineUnits, state: EngineState) -> Iterator[Finding]:
    """The engine runs now, but neither its service nor its socket starts at boot.

    What it looks at:
        Whether docker.service or docker.socket is enabled, while the engine runs.

    Why it matters:
        After the next reboot no container starts, even with a restart policy.

    How it is fixed:
        Manually: ``systemctl enable docker``, if the engine should start at boot.

    References:
        https://docs.docker.com/engine/install/linux-postinstall/#configure-docker-to-start-on-boot-with-systemd
    """
    service, socket = units.get(docker.SERVICE), units.get(docker.SOCKET_UNIT)
    if state.is_running and service.file_state == "disabled" and socket.file_state in {"", "disabled", "masked"}:
        yield Finding(
            subject=Subject("unit", docker.SERVICE),
            message="the engine does not start at boot: no container starts after the next reboot",
            evidence=(
                Evidence(
                    "systemctl show", f"{docker.SERVICE} {service.file_state}, {docker.SOCKET_UNIT} {socket.file_state}"
                ),
            ),
        )
