"""Reads the end of the journal of a failed unit. Costs nothing while no unit has failed."""

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.unit_failures import UnitFailure, UnitFailures
from doctor.facts.engine.units import SHOW, EngineUnits, UnitState, parse
from doctor.facts.host.kubernetes import Kubelet
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing

_KUBELET = "kubelet.service"
_LINES = "200"
_LONGEST = 4096


@collector
def unit_failures(host: Host, units: EngineUnits, kubelet: Kubelet | Missing) -> UnitFailures:
    """Return the failed units; also one that systemd is about to start again after a failure."""
    states = [units.get(name) for name in (docker.SOCKET_UNIT, containerd.SERVICE)]
    gaps: list[Missing] = []
    if not isinstance(kubelet, Missing):
        states.append(_state(host, _KUBELET, gaps))
    items = [_failure(host, state, gaps) for state in states if state.active == "failed" or state.sub == "auto-restart"]
    return UnitFailures(items=tuple(items), gaps=tuple(gaps))


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
