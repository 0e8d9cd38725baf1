"""Limits of memory, processes and CPU are enforced on a container."""

import errno
from typing import Any

from msgspec import Struct

from doctor.api import Evidence, probe
from doctor.facts.kernel.cgroups import Cgroups
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._result import failed, passed, result, unproven

_MIB = 1 << 20
_MEMORY_MIB, _EATEN_MIB = 24, 96
_PIDS, _FORKS = 8, 32
_CPUS, _BURN_S, _PERIOD_S = 0.2, 0.3, 0.1
_SLACK = 1.5
"""The kernel hands out a quota in slices of some milliseconds per processor: a container may get a little more."""

_WORK: dict[str, dict[str, Any]] = {
    "memory": {"builtin": "memory-eat", "args": {"bytes": _EATEN_MIB * _MIB}, "memory_bytes": _MEMORY_MIB * _MIB},
    "pids": {"builtin": "fork-many", "args": {"count": _FORKS}, "pids": _PIDS},
    "cpu": {"builtin": "cpu-burn", "args": {"seconds": _BURN_S}, "cpus": _CPUS},
}
_FILES = {
    "memory": ("memory.limit_in_bytes", "memory.max"),
    "pids": ("pids.max", "pids.max"),
    "cpu": ("cpu.cfs_quota_us", "cpu.max"),
}
"""The files that show a limit: cgroup v1, cgroup v2."""
_HELD = {
    "memory": str(_MEMORY_MIB * _MIB),
    "pids": str(_PIDS),
    "cpu": str(int(_CPUS * 100_000)),
}
_SWAP_FILES = ("memory.memsw.limit_in_bytes", "memory.swap.max")
_CANT_LIMIT = ("can't set the limits", "can't limit")
_DENIED = tuple(f"({number})" for number in (errno.EPERM, errno.EACCES))
"""End of the runtime's error if permission was denied."""


class _Word(Struct, frozen=True):
    """Result for one limit: ``kind`` is good, bad, open (unproven) or broken (the runtime failed)."""

    kind: str
    text: str


@probe(proves="limits of memory, processes and CPU are enforced on a container")
def limits(cgroups: Cgroups) -> Probing:
    """Set each limit on a separate container, read it from the container's cgroup, and exceed it.

    Memory: the kernel must kill a container that uses 96 MiB with a limit of 24 MiB. If the kernel does not account swap,
    the surplus may be swapped, and the result is unproven. Processes: of 32 with a limit of 8, the surplus must be refused
    (EAGAIN). CPU: a load of 0.3 s with a fifth of a processor may not exceed its share. A limit without its controller
    fails: the engine starts the container without the limit.
    """
    there = [name for name in _WORK if cgroups.has(name)]
    gone = [name for name in _WORK if name not in there]
    words = {name: _Word("bad", f"the {name} controller is missing: {name} limits are ignored") for name in gone}
    if there:
        ended = yield Launch(tuple(_container(cgroups, name) for name in there))
        words |= {name: _word(name, ended.get(name)) for name in there}
    return _judged(cgroups, {name: words[name] for name in _WORK})


def _container(cgroups: Cgroups, name: str) -> dict[str, Any]:
    work = _WORK[name]
    files = _FILES[name] + (_SWAP_FILES if name == "memory" else ())
    mount = cgroups.v1.get(name, "").rpartition("/")[2]
    tops = (f"/sys/fs/cgroup/{mount}", "/sys/fs/cgroup")
    read = [f"{tops[number % 2]}/{file}" for number, file in enumerate(files)]
    return {"id": name, **work, "args": work["args"] | {"read": read}}


def _judged(cgroups: Cgroups, words: dict[str, _Word]) -> ProbeResult:
    evidence = [Evidence(f"cgroup {cgroups.mode}, {name}", word.text) for name, word in words.items()]
    of: dict[str, list[str]] = {kind: [] for kind in ("bad", "broken", "open")}
    for word in words.values():
        of.setdefault(word.kind, []).append(word.text)
    if of["bad"]:
        return failed("; ".join(of["bad"]), evidence)
    if of["broken"]:
        return result(Result.ERROR, "; ".join(of["broken"]), evidence)
    if of["open"]:
        return unproven("; ".join(of["open"]), evidence)
    return passed(f"limits of {', '.join(words)} are enforced (cgroup {cgroups.mode})", evidence)


def _word(name: str, ended: Ended | None) -> _Word:
    if ended is None:
        return _Word("broken", f"the test container of the {name} limit was lost")
    if ended.error:
        # Without permission to write there, the test says nothing about the engine.
        can_not = ended.error.startswith(_CANT_LIMIT) and not any(word in ended.error for word in _DENIED)
        return _Word("bad" if can_not else "broken", f"{name}: {ended.error}")
    held = _held(name, ended)
    if held != _HELD[name]:
        return _Word("bad", f"{name}: set a limit of {_HELD[name]}, but the cgroup has {held or 'none'}")
    if name == "memory":
        return _memory(ended)
    return _pids(ended) if name == "pids" else _cpu(ended)


def _held(name: str, ended: Ended) -> str:
    """Return the limit in the container's cgroup, the first word of the file; "" if it is missing."""
    return next((text.split()[0] for text in _texts(ended, _FILES[name]) if text.split()), "")


def _texts(ended: Ended, names: tuple[str, ...]) -> list[str]:
    files = ended.output.get("files")
    found = files.items() if isinstance(files, dict) else ()
    return [str(text) for path, text in found if str(path).rpartition("/")[2] in names]


def _memory(ended: Ended) -> _Word:
    if ended.oom_killed:
        return _Word("good", f"the kernel killed a container that exceeded {_MEMORY_MIB} MiB")
    if not ended.output.get("ok"):
        return _Word("broken", f"the memory test exited with code {ended.exit} before it reached the limit")
    if not _texts(ended, _SWAP_FILES):
        return _Word("open", "memory limit unproven: the kernel does not account swap")
    return _Word("bad", f"a container used {_EATEN_MIB} MiB with a limit of {_MEMORY_MIB} MiB")


def _pids(ended: Ended) -> _Word:
    made = ended.output.get("made")
    if ended.output.get("errno") == errno.EAGAIN and isinstance(made, int) and made < _PIDS:
        return _Word("good", f"process {made + 2} was refused with a limit of {_PIDS}")
    if ended.output.get("ok"):
        return _Word("bad", f"a container started {made} processes with a limit of {_PIDS}")
    return _Word("broken", f"the test of processes exited with code {ended.exit}: {ended.stderr.strip()}")


def _cpu(ended: Ended) -> _Word:
    used = ended.output.get("cpu_s")
    if not isinstance(used, int | float):
        return _Word("broken", f"the CPU test exited with code {ended.exit}: {ended.stderr.strip()}")
    most = _CPUS * (_BURN_S + _PERIOD_S) * _SLACK
    text = f"used {used * 1000:.0f} ms of CPU in {_BURN_S * 1000:.0f} ms with a limit of {_CPUS} processors"
    return _Word("good" if used <= most else "bad", text)
