"""Finds the programs that have certain sockets: asked only where a published port is not served by a proxy of its own."""

from collections.abc import Iterator

from doctor.facts.host.processes import Processes, program
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_ENGINE = "dockerd"
_MOST_PROCESSES = 4096


def holders(host: Host, processes: Processes, sockets: frozenset[int]) -> dict[int, str]:
    """Return the program by the number of its socket: "nc (process 4711)"; the engine is asked first, it may only reserve a port."""
    found: dict[int, str] = {}
    if not sockets:
        return found
    wanted = {f"socket:[{number}]": number for number in sockets}
    ordered = sorted(processes.items, key=lambda one: program(one) != _ENGINE)
    for process in ordered[:_MOST_PROCESSES]:
        if len(found) == len(wanted):
            break
        for text in _descriptors(host, process.pid):
            if text in wanted:
                found.setdefault(wanted[text], f"{program(process) or process.comm} (process {process.pid})")
    return found


def _descriptors(host: Host, pid: int) -> Iterator[str]:
    top = f"/proc/{pid}/fd"
    try:
        names = host.listdir(HostPath(top))
    except HostError:
        return
    for name in names:
        try:
            yield host.readlink(HostPath(f"{top}/{name}"))
        except HostError:
            continue
