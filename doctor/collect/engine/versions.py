"""Reads the table of lifecycles, and finds running programs whose file was replaced."""

import json
import os
import time
from typing import Any

from doctor import own_file
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.versions import Lifecycles, ReplacedPrograms, Series
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.paths import HostPath

_TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "facts", "data", "lifecycles.json")


@collector
def lifecycles(host: Host) -> Lifecycles:
    """Return the table, which is part of doctor, with the host's date."""
    data = json.loads(own_file(_TABLE))
    return Lifecycles(
        checked=data["checked"],
        today=time.strftime("%Y-%m-%d", time.gmtime(host.now())),
        engine=tuple(_series(entry) for entry in data["engine"]),
        containerd=tuple(_series(entry) for entry in data["containerd"]),
    )


def _series(entry: dict[str, Any]) -> Series:
    return Series(
        numbers=tuple(entry["series"]),
        last=entry.get("last", ""),
        state=entry.get("state", ""),
        ends=entry.get("ends", ""),
    )


@collector
def replaced_programs(host: Host, processes: Processes) -> ReplacedPrograms:
    """Return the replaced programs; a program that was removed and has no successor is a missing one.

    The kernel adds " (deleted)" to the link of /proc/PID/exe.
    """
    found = processes.of_host(docker.PROCESS, containerd.PROCESS)
    return ReplacedPrograms(items=tuple(process for process in found if _is_replaced(host, process.exe)))


def _is_replaced(host: Host, exe: str) -> bool:
    path = exe.removesuffix(" (deleted)")
    return path != exe and path.startswith("/") and host.exists(HostPath(path))
