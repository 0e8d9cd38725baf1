"""Reads the limits of the processes that start containers."""

import re

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.host.processes import Processes, program
from doctor.facts.starts.limits import ServiceLimit, ServiceLimits
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_NAMES = {"Max open files": "NOFILE", "Max processes": "NPROC", "Max locked memory": "MEMLOCK"}
_UNIT = re.compile(r"/([\w@.\\-]+\.service)(?:/|$)", re.MULTILINE)


@collector
def service_limits(host: Host, processes: Processes) -> ServiceLimits:
    """Return dockerd's and containerd's; Go raises the soft limit of open files to the hard one."""
    found = processes.of_host(*docker.PROCESSES, containerd.PROCESS)
    return ServiceLimits(
        items=tuple(
            ServiceLimit(program=program(process), pid=process.pid, unit=_unit(process.cgroup), files=files[1])
            for process in found
            if (files := limits_of(host, process.pid).get("NOFILE")) is not None
        )
    )


def limits_of(host: Host, pid: int) -> dict[str, tuple[int, int]]:
    """Return the soft and the hard limits of a process by name ("NOFILE"); -1 is unlimited (/proc/PID/limits)."""
    try:
        lines = decode(host.read(HostPath(f"/proc/{pid}/limits"), limit_bytes=1 << 16)).splitlines()
    except HostError:
        return {}
    found = {}
    for line in lines:
        name = next((own for start, own in _NAMES.items() if line.startswith(start)), "")
        words = line[25:].split()
        if name and len(words) >= 2:
            found[name] = (_number(words[0]), _number(words[1]))
    return found


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 20 else -1


def _unit(cgroup: str) -> str:
    found = _UNIT.search(cgroup)
    return found[1] if found is not None else ""
