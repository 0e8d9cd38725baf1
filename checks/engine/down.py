"""The engine does not run."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine_state import EngineState
from doctor.facts.unit_states import EngineUnits

_CAUSES = (
    "config/dropin-execstart",
    "config/environment-file-missing",
    "config/file-missing",
    "config/flag-file-conflict",
    "config/invalid-json",
    "config/invalid-value",
    "config/removed-key",
    "config/removed-storage-opt",
    "config/unknown-flag",
    "config/unknown-key",
    "config/wrong-type",
    "engine/containerd-down",
    "engine/docker-proxy-missing",
    "engine/runtime-missing",
    "engine/start-failure",
    "logging/unknown-option",
    "state/containerd-pid-foreign",
    "state/database-locked",
    "state/drivers-several",
    "state/network-db-corrupt",
    "state/pidfile-foreign",
    "state/socket-wrong-type",
    "state/volume-db-corrupt",
    "storage/data-root-on-overlay",
    "storage/data-root-readonly",
    "storage/data-root-unsuitable",
    "storage/driver-fs-mismatch",
    "storage/driver-removed",
    "storage/driver-unknown",
    "storage/no-d-type",
    "storage/option-foreign",
    "storage/overlay-unsupported",
)


@check(severity=Severity.CRITICAL, causes=_CAUSES, ok="the engine answers")
def down(state: EngineState, units: EngineUnits | Missing) -> Iterator[Finding]:
    """The engine is installed and does not run, so no container can be started, stopped or looked at.

    What it looks at:
        Whether anything answers on the engine's socket and whether its process is there; what systemd says of its unit. An
        engine that waits behind systemd's socket for its first caller is not down.

    Why it matters:
        Containers go on running for a while, published ports of the userland proxy refuse, nothing is restarted, and logs of
        containers that write much block them.

    How it is fixed:
        It is started, after what kept it from starting is mended. Where a person must mend that first, doctor does not try. A unit
        that was stopped and disabled on purpose is only told.

    References:
        https://docs.docker.com/engine/daemon/troubleshoot/
    """
    if state.status != "down":
        return
    unit = None if isinstance(units, Missing) else units.get("docker.service")
    evidence = [Evidence("/var/run/docker.sock", state.reason)]
    is_wanted = True
    if unit is not None and unit.exists:
        is_wanted = unit.active != "inactive" or unit.file_state not in {"disabled", "masked"}
        evidence.append(Evidence("docker.service", f"{unit.active} ({unit.result}), {unit.file_state}"))
    yield Finding(
        subject=Subject("engine", "dockerd"),
        message="no container can be started or looked at: the engine does not run"
        if is_wanted
        else "the engine was stopped and disabled: nothing starts it",
        evidence=tuple(evidence),
        detail=is_wanted,
        severity=None if is_wanted else Severity.INFO,
    )
