"""Finds the running engines of the host. Costs nothing with one."""

from itertools import pairwise

from doctor.collect.engine.state import dockerd
from doctor.engines.docker import places as docker
from doctor.facts.access.engines import Engines, RunningEngine
from doctor.facts.engine.state import EngineInfo
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.process import Process


@collector
def engines(host: Host, processes: Processes, info: EngineInfo | Missing) -> Engines:
    """Return the engines; the answer of the usual socket names the data root of its own."""
    first = dockerd(host, processes)
    found = sorted(processes.of_host(*docker.PROCESSES), key=lambda one: one != first)
    # A start in progress has a parent of the same name for a moment.
    pids = {one.pid for one in found}
    items = tuple(_engine(one) for one in found if one.ppid not in pids)
    return Engines(items=items, answering="" if isinstance(info, Missing) else info.data_root)


def _engine(process: Process) -> RunningEngine:
    roots = _values(process, "--data-root", "-g", "--graph")
    hosts = _values(process, "-H", "--host")
    usual = {"unix://", *(f"unix://{path}" for path in docker.SOCKETS)}
    return RunningEngine(
        pid=process.pid,
        program=process.exe.removesuffix(" (deleted)"),
        root=HostPath(roots[-1] if roots else docker.DEFAULT_ROOT),
        # A settings file of its own may name other addresses.
        wants_socket=any(text in usual or text.startswith("fd:") for text in hosts)
        if hosts
        else not _values(process, "--config-file"),
    )


def _values(process: Process, *names: str) -> list[str]:
    """Return the values of a flag, in both spellings."""
    words = process.argv[1:]
    found = [word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word]
    return found + [after for word, after in pairwise(words) if word in names]
