"""Reads the state of the engine's units from systemd."""

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.units import SHOW, EngineUnits, UnitFailure, UnitFailures, UnitState, parse
from doctor.facts.host.kubernetes import Kubelet
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_KUBELET = "kubelet.service"
_LINES = "200"
_LONGEST = 4096


@collector
def engine_units(host: Host) -> EngineUnits:
    """Return the units' states; missing if systemd is not PID 1."""
    if not host.exists(HostPath("/run/systemd/system")):
        raise HostError(Missing(Why.ABSENT, "systemd does not run on this host"))
    found = host.run(SHOW)
    if found.exit or not found.stdout:
        reason = found.stderr.decode("utf-8", "replace").strip() or f"exit code {found.exit}"
        raise HostError(Missing(Why.UNREADABLE, f"systemctl show: {reason}"))
    return parse(found.text)


@collector
def unit_failures(host: Host, units: EngineUnits, kubelet: Kubelet | Missing) -> UnitFailures:
    """Return the failed units; also one that systemd is about to start again after a failure."""
    states = [units.get(name) for name in (docker.SOCKET_UNIT, containerd.SERVICE)]
    gaps: list[Missing] = []
    if not isinstance(kubelet, Missing):
        states.append(_state(host, _KUBELET, gaps))
    # A masked one can't be started, whatever its last run was: that is another problem.
    failed = [one for one in states if one.load != "masked" and (one.active == "failed" or one.sub == "auto-restart")]
    return UnitFailures(items=tuple(_failure(host, state, gaps) for state in failed), gaps=tuple(gaps))


def _state(host: Host, name: str, gaps: list[Missing]) -> UnitState:
    try:
        said = host.run(("systemctl", "show", name, *SHOW[-3:]))
    except HostError as error:
        gaps.append(error.missing)
        return UnitState(name=name)
    return parse(said.text).get(name)


def _failure(host: Host, state: UnitState, gaps: list[Missing]) -> UnitFailure:
    from doctor.facts.engine.log import blame, last_start  # noqa: PLC0415 - only for a failed unit
    from doctor.facts.secrets.redact import redact  # noqa: PLC0415
    from doctor.plugins.messages import latest_table  # noqa: PLC0415

    argv = ("journalctl", "-u", state.name, "-n", _LINES, "-o", "cat", "--no-pager", "-q")
    lines: list[str] = []
    try:
        lines = [line.strip()[-_LONGEST:] for line in host.run(argv).text.splitlines() if line.strip()]
    except HostError as error:
        gaps.append(error.missing)
    blamed = blame(last_start([redact(line) for line in lines]), latest_table())
    reason = f"{state.active} ({state.result})"
    line = blamed.shown.line if blamed.shown is not None else blamed.fatal
    return UnitFailure(name=state.name, state=reason, source=" ".join(argv[:3]), line=line, explained=blamed.shown)
