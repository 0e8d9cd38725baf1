"""Examines the programs that the kernel or runc refused to execute. Costs nothing without such an error."""

import re

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.loops import RestartLoops
from doctor.facts.containers.programs import ProgramFaults
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.declare import collector

# "fork/exec" is of a program of the host: a runtime or a shim.
_EXEC = r"(?i)(?<!/)\bexec\b"
_REFUSED = r"(?i)exec format error|no such file or directory|not found|permission denied|is a directory"
_MOST = 50


@collector
def program_faults(host: Host, root: DataRoot, containers: Containers, loops: RestartLoops) -> ProgramFaults:
    """Return why each program was refused; of many containers the first fifty are examined."""
    errors = {one.id: one.state.error for one in containers.items if one.has_failed_start}
    errors |= {identity: ends.line for identity, ends in loops.items.items()}
    refused = [one for one in containers.items if one.id in errors and _is_refused(errors[one.id])]
    if not refused:
        return ProgramFaults()
    from doctor.collect.containers.program_faults import fault_of, machine_of  # noqa: PLC0415 - a healthy host needs none

    machine = machine_of(host)
    found = {one.id: fault_of(host, root, one, errors[one.id], machine) for one in refused[:_MOST]}
    return ProgramFaults(
        items={identity: fault for identity, fault in found.items() if fault is not None}, machine=machine
    )


def _is_refused(error: str) -> bool:
    """Whether an error says so. Two searches, because one pattern for both takes quadratic time on a hostile text."""
    begin = re.search(_EXEC, error)
    return begin is not None and re.search(_REFUSED, error[begin.start() :]) is not None
