"""Processes of the live host, straight from /proc (proc_pid_stat(5)) (docs/decisions/0012)."""

import os

from doctor.host.base import Process
from doctor.model.missing import HostError, Missing, Why


def read_all() -> tuple[Process, ...]:
    """Return every process that exists long enough to be read, by pid. Raises ``HostError`` where /proc is not mounted."""
    found = []
    pids = sorted(map(int, _pids()))
    if not pids:
        # An empty list would mean that no engine runs.
        raise HostError(Missing(Why.UNREADABLE, "/proc is not mounted: run 'mount -t proc proc /proc'"))
    for pid in pids:
        try:
            found.append(_read(pid))
        except (OSError, ValueError, IndexError):
            continue
    return tuple(found)


def environ(pid: int) -> dict[str, str]:
    """Return the environment a process was started with; raises ``HostError``."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            raw = stream.read()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise HostError(Missing(Why.ABSENT, f"process {pid} is gone")) from error
    except OSError as error:
        raise HostError(Missing(Why.DENIED, f"/proc/{pid}/environ: {error.strerror}")) from error
    # A program that overwrote its environment (to set its title in ps) leaves words without "=".
    pairs = (word.partition("=") for word in raw.decode("utf-8", "surrogateescape").split("\0"))
    return {name: value for name, joined, value in pairs if joined}


def are_there(names: frozenset[str]) -> bool:
    """Whether a process with one of these names (/proc/PID/comm) exists."""
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as stream:
                if stream.read().strip() in names:
                    return True
        except OSError:
            continue
    return False


def _pids() -> list[str]:
    try:
        return list(filter(str.isdecimal, os.listdir("/proc")))
    except FileNotFoundError:
        return []


def start_ticks(pid: int) -> int:
    """Return field 22 of /proc/PID/stat; raises ``OSError`` if there is no such process."""
    with open(f"/proc/{pid}/stat", "rb") as stream:
        raw = stream.read()
    return int(raw[raw.rindex(b")") + 2 :].split()[19])


def _read(pid: int) -> Process:
    top = f"/proc/{pid}"
    with open(f"{top}/stat", "rb") as stream:
        raw = stream.read()
    # The name may hold blanks and parentheses: the last ")" ends it.
    end = raw.rindex(b")")
    fields = raw[end + 2 :].split()
    argv: tuple[str, ...] = ()
    exe = ""
    # PF_KTHREAD (include/linux/sched.h): a kernel thread has neither; pid 2 is only kthreadd outside of containers.
    if not int(fields[6]) & 0x00200000:
        with open(f"{top}/cmdline", "rb") as stream:
            line = stream.read(1 << 17)
        argv = tuple(line.rstrip(b"\0").decode("utf-8", "surrogateescape").split("\0")) if line else ()
        exe = _link(f"{top}/exe")
    return Process(
        pid=pid,
        ppid=int(fields[1]),
        start_ticks=int(fields[19]),
        state=fields[0].decode(),
        comm=raw[raw.index(b"(") + 1 : end].decode("utf-8", "surrogateescape"),
        exe=exe,
        argv=argv,
        uid=os.stat(top).st_uid,
        mount_namespace=_link(f"{top}/ns/mnt") if exe else "",
        pid_namespace=_link(f"{top}/ns/pid") if exe else "",
        cgroup=_cgroup(top) if exe else "",
    )


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _cgroup(top: str) -> str:
    """Return the v2 path; systemd's named hierarchy if v2 is missing or shows only its root (v1 and hybrid hosts)."""
    try:
        with open(f"{top}/cgroup", encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return ""
    named = unified = ""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "name=systemd":
            named = path
        elif not controllers:
            unified = path
    return unified if unified not in {"", "/"} else named or unified
