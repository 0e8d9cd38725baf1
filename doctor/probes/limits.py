"""Limits of memory, processes and CPU hold a container."""

import errno
from typing import Any

from msgspec import Struct

from doctor.api import Evidence, probe
from doctor.facts.cgroups import Cgroups
from doctor.model.outcome import Result
from doctor.model.probing import Ended, Launch, Probing
from doctor.probes._result import failed, passed, result, skipped

_MIB = 1 << 20
_MEMORY_MIB, _EATEN_MIB = 24, 96
_PIDS, _FORKS = 8, 32
_CPUS, _BURN_S, _PERIOD_S = 0.2, 0.3, 0.1
_SLACK = 1.5
"""A quota is handed to each processor in slices of some milliseconds: a container may get a little more."""

_WORK: dict[str, dict[str, Any]] = {
    "memory": {
        "builtin": "memory-eat",
        "args": {"bytes": _EATEN_MIB * _MIB},
        "memory_bytes": _MEMORY_MIB * _MIB,
    },
    "pids": {"builtin": "fork-many", "args": {"count": _FORKS}, "pids": _PIDS},
    "cpu": {"builtin": "cpu-burn", "args": {"seconds": _BURN_S}, "cpus": _CPUS},
}
_SWAP_FILES = ("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", "/sys/fs/cgroup/memory.swap.max")
_CANT_LIMIT = ("can't set the limits", "can't limit")


class _Word(Struct, frozen=True):
    """What one limit did: ``kind`` is good, bad, open (nothing proven) or broken (the runtime could not)."""

    kind: str
    text: str


@probe(proves="limits of memory, processes and CPU hold a container")
def limits(cgroups: Cgroups) -> Probing:
    """Exceed each limit in a container of its own, by what this host's control groups offer.

    Memory: 96 MiB within 24 MiB must be killed by the kernel; where it does not account swap, the surplus may go there, and
    nothing is proven. Processes: 32 within 8 must be refused (EAGAIN). CPU: 0.3 s at a fifth of a processor must not get more
    than their share. A limit whose controller is missing is left out and named.
    """
    there = [name for name in _WORK if cgroups.has(name)]
    gone = [name for name in _WORK if name not in there]
    if not there:
        return skipped(f"this host (cgroup {cgroups.mode}) has no controller for memory, pids or cpu")
    containers = [{"id": name, **_WORK[name]} for name in there]
    if "memory" in there:
        look = {"builtin": "stat-files", "args": {"paths": list(_SWAP_FILES)}}
        containers.append({"id": "swap", "memory_bytes": _MEMORY_MIB * _MIB, **look})
    ended = yield Launch(tuple(containers))
    words = {name: _word(name, ended) for name in there}
    evidence = [Evidence(f"cgroup {cgroups.mode}, {name}", word.text) for name, word in words.items()]
    missing = f"; there is no controller for {', '.join(gone)}" if gone else ""
    for kind in ("bad", "broken"):
        texts = [word.text for word in words.values() if word.kind == kind]
        if texts and kind == "bad":
            return failed("; ".join(texts) + missing, evidence)
        if texts:
            return result(Result.ERROR, "; ".join(texts), evidence)
    unproven = "".join(f"; {word.text}" for word in words.values() if word.kind == "open")
    good = [name for name, word in words.items() if word.kind == "good"]
    if not good:
        return skipped(unproven.removeprefix("; ") + missing, evidence)
    return passed(f"limits of {', '.join(good)} hold (cgroup {cgroups.mode}){unproven}{missing}", evidence)


def _word(name: str, ended: dict[str, Ended]) -> _Word:
    found = ended.get(name)
    if found is None:
        return _Word("broken", f"the container for the {name} limit is lost")
    if found.error:
        can_not = found.error.startswith(_CANT_LIMIT)
        return _Word("bad" if can_not else "broken", f"{name}: {found.error}")
    if name == "memory":
        return _memory(found, ended.get("swap"))
    return _pids(found) if name == "pids" else _cpu(found)


def _memory(found: Ended, swap: Ended | None) -> _Word:
    if found.oom_killed:
        return _Word("good", f"the kernel killed a container that took more than its {_MEMORY_MIB} MiB")
    if not found.output.get("ok"):
        return _Word("broken", f"the memory test ended with {found.exit} before it reached its limit")
    files = swap.output.get("files") if swap is not None else None
    accounts = isinstance(files, dict) and any("errno" not in entry for entry in files.values())
    if not accounts:
        return _Word("open", "the kernel does not account swap, so a memory limit does not end a container")
    return _Word("bad", f"a container took {_EATEN_MIB} MiB within a limit of {_MEMORY_MIB} MiB")


def _pids(found: Ended) -> _Word:
    made = found.output.get("made")
    if found.output.get("errno") == errno.EAGAIN and isinstance(made, int) and made < _PIDS:
        return _Word("good", f"process {made + 2} was refused within a limit of {_PIDS}")
    if found.output.get("ok"):
        return _Word("bad", f"a container started {made} processes within a limit of {_PIDS}")
    return _Word("broken", f"the test of processes ended with {found.exit}: {found.stderr.strip()}")


def _cpu(found: Ended) -> _Word:
    used = found.output.get("cpu_s")
    if not isinstance(used, int | float):
        return _Word("broken", f"the test of the CPU ended with {found.exit}: {found.stderr.strip()}")
    most = _CPUS * (_BURN_S + _PERIOD_S) * _SLACK
    text = f"{used * 1000:.0f} ms of CPU in {_BURN_S * 1000:.0f} ms at {_CPUS} of a processor"
    return _Word("good" if used <= most else "bad", text)
