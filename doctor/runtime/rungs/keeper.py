"""Runs rungs, each in a process of its own, ends them at their limits, and removes what they made."""

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import time
from collections.abc import Iterable
from typing import Any

from doctor.runtime.base.frozen import FAILED, LaunchError, reason
from doctor.runtime.rungs import stage
from doctor.runtime.rungs.stage import Workspace

_KINDS = frozenset({"runtime", "task", "engine"})
_MOST_S, _USUAL_S = 60.0, 5.0
_SETTLE_S, _ABANDONED_S = 0.4, 8.0
"""How long directories of starts that were cut short are watched: doctor waits for it, or is dead."""
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_MOST_BYTES = 1 << 20


class _Rung:
    """A rung that runs: its worker, and the pipe with its result."""

    def __init__(self, given: dict[str, Any], base: str) -> None:
        self.id = str(given["id"])
        self.started = time.monotonic()
        limit = float(given.get("limit_s", _USUAL_S))
        self.stage = Workspace(base, min(limit, _MOST_S))
        self.said = b""
        self.timed_out = False
        self.reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _work(self.stage, given, writing)
        os.close(writing)

    def kill(self) -> None:
        """End the worker and its process group. A process that left the group is ended by what was announced."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> dict[str, Any]:
        """Remove everything, and return the result."""
        self.kill()
        os.waitpid(self.pid, 0)
        os.close(self.reading)
        left = self.stage.close(was_cut=not self.said)
        try:
            found = json.loads(self.said) if self.said else {}
        except ValueError:
            found = {}
        if not found and not self.timed_out:
            found = {"error": "its process died"}
        return {
            "exit": FAILED if found.get("error") else 0,
            "error": None,
            **found,
            "id": self.id,
            "timed_out": self.timed_out,
            "left": left,
            "seconds": round(time.monotonic() - self.started, 3),
        }


def _work(staged: Workspace, given: dict[str, Any], writing: int) -> None:
    """Run one rung in the worker, and leave the process."""
    try:
        prctl(_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        found = _attempted(staged, given)
        os.write(writing, json.dumps(found).encode()[:_MOST_BYTES])
    finally:
        os._exit(0)


def _attempted(staged: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    kind = str(given.get("kind"))
    if kind not in _KINDS:
        return {"error": f"unknown kind of rung '{kind}'"}
    try:
        module = importlib.import_module(f"doctor.runtime.rungs.{kind}")
        return {"output": module.attempt(staged, given)}
    except LaunchError as failure:
        return {"error": failure.message}
    except OSError as error:
        return {"error": f"{error.filename or kind}: {reason(error)}"}


def prctl(option: int, value: int) -> None:
    """Set a property of this process; a kernel without the option ignores it."""
    ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def run() -> int:
    """The verb `rungs`. Returns 0: a rung that failed is a result."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)  # the end of stdin ends everything
    prctl(_SET_CHILD_SUBREAPER, 1)
    given = json.loads(_line())
    bases = [str(given["base"]), *([str(given["spare"])] if given.get("spare") else [])]
    earlier = [one for base in bases for one in stage.stages(base)]
    for one in (one for base in bases for one in stage.sweep(base)):
        os.write(2, f"left of an earlier run: {one}\n".encode("utf-8", "replace"))
    base = next((base for base in bases if stage.has_room(base)), bases[0])
    running: list[_Rung] = []
    for asked in given["rungs"]:
        try:
            running.append(_Rung(asked, base))
        except (OSError, LaunchError) as error:
            _emit({"id": str(asked["id"]), "exit": FAILED, "error": _words(error)})
    every = tuple(running)
    while running:
        running = _step(running)
    _end_orphans()
    cut = [rung.stage.directory for rung in every if not rung.said]
    wait = _SETTLE_S if any(rung.timed_out for rung in every) else _ABANDONED_S
    stage.watch([*cut, *earlier], wait if cut else 0.0)
    for each in bases:
        _remove_base(each)
    return 0


def _step(running: list[_Rung]) -> list[_Rung]:
    """Wait for the next event; return the rungs that still run."""
    wait = min(rung.stage.left_s for rung in running)
    ready, _, _ = select.select([0, *(rung.reading for rung in running)], [], [], wait)
    is_over = 0 in ready and not os.read(0, 4096)
    left = []
    for rung in running:
        chunk = os.read(rung.reading, _MOST_BYTES) if rung.reading in ready else None
        if chunk:
            rung.said += chunk
        rung.timed_out = chunk is None and rung.stage.left_s <= 0
        if chunk == b"" or rung.timed_out or is_over:
            _emit(rung.end())
        else:
            left.append(rung)
    return left


def _end_orphans() -> None:
    """Kill processes that lost their parent: as a subreaper, this process inherited them."""
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> Iterable[int]:
    me = str(os.getpid())
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as source:
                    words = source.read().rpartition(")")[2].split()
            except OSError:
                continue
            if words[1:2] == [me]:
                yield int(name)


def _line() -> bytes:
    text = b""
    while not text.endswith(b"\n") and (chunk := os.read(0, 1 << 16)):
        text += chunk
    return text


def _emit(result: dict[str, Any]) -> None:
    try:
        os.write(1, json.dumps(result).encode() + b"\n")
    except BrokenPipeError:
        return


def _words(error: OSError | LaunchError) -> str:
    return error.message if isinstance(error, LaunchError) else reason(error)


def _remove_base(base: str) -> None:
    try:
        os.rmdir(base)
    except OSError:
        return  # another run uses it
