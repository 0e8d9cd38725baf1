"""Requests of a repair to a running Docker Engine: reload the settings, and start the containers that ran before."""

import json
import os
import time
from typing import Any
from urllib.parse import quote

from doctor.engines.docker import places as docker
from doctor.host import engine_socket, processes
from doctor.model.errors import RepairError
from doctor.model.missing import HostError
from doctor.model.step import Reload, StartContainers, Stopped

_START_S = 60.0
_STEP_S = 0.05


def answers(socket: str) -> bool:
    """Whether an engine answers on this socket ("": the default one)."""
    try:
        return engine_socket.get(socket or docker.SOCKET, "/_ping", timeout_s=2.0).status == 200
    except HostError:
        return False


def reload(step: Reload) -> None:
    """Send SIGHUP and wait for the engine's reload event; raises ``RepairError``.

    If dockerd refuses the file, it only logs an error and changes nothing: only the event proves the reload.
    """
    socket = step.socket or docker.SOCKET
    begin = time.time()
    try:
        is_same = processes.start_ticks(step.pid) == step.start_ticks
        if is_same:
            os.kill(step.pid, 1)
    except (ProcessLookupError, FileNotFoundError):
        is_same = False
    if not is_same:
        raise RepairError("the engine has ended: it can't reload its settings", where=f"process {step.pid}")
    filters = quote(json.dumps({"type": ["daemon"], "event": ["reload"]}))
    deadline = time.monotonic() + step.timeout_s
    while time.monotonic() < deadline:
        try:
            path = f"/events?since={begin:.6f}&until={time.time():.6f}&filters={filters}"
            if engine_socket.get(socket, path, timeout_s=5.0).body.strip():
                return
        except HostError as error:
            raise RepairError(f"the engine does not answer after SIGHUP: {error.missing.reason}") from error
        time.sleep(_STEP_S)
    raise RepairError(
        f"the engine did not reload its settings within {step.timeout_s:g} s of SIGHUP",
        do="read its log (journalctl -u docker, or where its output goes)",
    )


def start_containers(step: StartContainers) -> None:
    """Start the stopped containers, in order. Never raises: the proof names those that don't run."""
    for one in step.containers:
        try:
            _start(step.socket or docker.SOCKET, one)
        except HostError:
            continue


def not_running(socket: str, step: StartContainers) -> tuple[Stopped, ...]:
    """Return the containers of a step that do not run now, or do not exist."""
    left = []
    for one in step.containers:
        try:
            is_left = not _runs(socket or docker.SOCKET, quote(one.id), gone=False)
        except HostError:
            is_left = True
        if is_left:
            left.append(one)
    return tuple(left)


def _start(socket: str, one: Stopped) -> None:
    name = quote(one.id)
    if not _runs(socket, name):
        engine_socket.post(socket, f"/containers/{name}/start", timeout_s=_START_S)
    if one.paused:
        engine_socket.post(socket, f"/containers/{name}/pause", timeout_s=_START_S)


def _runs(socket: str, name: str, *, gone: bool = True) -> bool:
    """Whether a container runs; ``gone`` is the answer for one that does not exist."""
    answer = engine_socket.get(socket, f"/containers/{name}/json", timeout_s=_START_S)
    if answer.status != 200:
        return gone
    try:
        found: Any = json.loads(answer.body)
    except ValueError:
        return False
    state = found.get("State") if isinstance(found, dict) else None
    return isinstance(state, dict) and bool(state.get("Running"))
