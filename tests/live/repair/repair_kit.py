"""Looks at a whole host from outside, to compare it before and after; starts doctor so that it can be killed."""

import json
import time
from collections.abc import Iterable, Sequence

from tests.hosts.box import Box
from tests.hosts.sandbox import Completed

RUNS = "/var/lib/doctor/runs"
_LOOK = r"""
import hashlib, os, stat, sys
for top in sys.argv[1:]:
    for directory, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name != ".doctor-quarantine")
        for name in sorted(names + files):
            path = os.path.join(directory, name)
            about = os.lstat(path)
            content, times = "", ""
            if stat.S_ISREG(about.st_mode):
                with open(path, "rb") as stream:
                    content = hashlib.sha256(stream.read()).hexdigest()
                times = about.st_mtime_ns
            elif stat.S_ISLNK(about.st_mode):
                content = os.readlink(path)
            keys = os.listxattr(path, follow_symlinks=False)
            attributes = [(key, os.getxattr(path, key, follow_symlinks=False)) for key in sorted(keys)]
            print(ascii((path, oct(about.st_mode), about.st_uid, about.st_gid, about.st_rdev, content, attributes, times)))
"""
_TIMES = r"""
import os, sys
for top in sys.argv[1:]:
    for directory, names, files in os.walk(top):
        for name in sorted(names + files):
            about = os.lstat(os.path.join(directory, name))
            print(ascii(os.path.join(directory, name)), about.st_atime_ns, about.st_mtime_ns, about.st_ctime_ns)
"""
# A test container's interface goes with its network namespace, which the kernel clears away in its own time.
_SETTLED = "for i in $(seq 100); do ls /proc/sys/net/ipv4/conf | grep -q '^dr[0-9a-f]*$' || break; sleep 0.05; done"
_KERNEL = "cd /proc/sys/net && grep -H . ipv4/ip_forward ipv4/conf/*/forwarding ipv4/conf/*/rp_filter"
_RULES = "for save in iptables-save ip6tables-save; do $save; done | grep -v '^#' | sed 's/ *\\[[0-9:]*\\]//'"


def files(box: Box, *tops: str) -> set[str]:
    """Every file beneath the directories with mode, owner, content, xattrs and time of change."""
    return set(box.run(["python3", "-c", _LOOK, *(tops or ("/etc", "/var/lib/docker"))]).stdout.splitlines())


def times(box: Box, *tops: str) -> set[str]:
    """When every file was last read, written and changed."""
    return set(box.run(["python3", "-c", _TIMES, *tops]).stdout.splitlines())


def kernel(box: Box) -> set[str]:
    """Return the kernel's network settings, and its firewall rules."""
    return set(box.run(["sh", "-c", f"{_SETTLED}; {_KERNEL}; {_RULES}"]).stdout.splitlines())


def ids(box: Box, *arguments: str, notes: bool = False) -> set[str]:
    """Return what a scan finds, but for what is only worth knowing, which comes with notes."""
    found = json.loads(box.doctor("scan", "--format", "json", *arguments).stdout)["findings"]
    return {finding["id"] for finding in found if notes or finding["severity"] != "info"}


def planned(box: Box, *arguments: str) -> list[str]:
    """Return the actions of a plan."""
    return [
        action["summary"] for action in json.loads(box.doctor("fix", "--format", "json", *arguments).stdout)["actions"]
    ]


def repair(box: Box, *arguments: str, code: int = 0) -> Completed:
    """Apply all that is not destructive; it must end with this code."""
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def undo(box: Box, *arguments: str, code: int = 0) -> Completed:
    """Take the last repair back."""
    done = box.doctor("undo", "--yes", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def runs(box: Box) -> list[str]:
    """The names of the runs that have a plan, oldest first."""
    found = box.run(["sh", "-c", f"cd {RUNS} 2>/dev/null && ls -d */plan.json; true"]).stdout.split()
    return sorted(path.partition("/")[0] for path in found)


def begin(box: Box, *arguments: str, log: str = "/tmp/begun.log", argv: Sequence[str] = ()) -> int:
    """Start doctor (or argv) in a session of its own and return its process id when its plan is on disk."""
    before = len(runs(box))
    pid = box.start(list(argv) or [box.doctor_path, *arguments], log=log)
    deadline = time.monotonic() + 30
    while len(runs(box)) == before:
        assert time.monotonic() < deadline, box.read(log)
        assert box.exists(f"/proc/{pid}"), box.read(log)
        time.sleep(0.005)
    return pid


def kill(box: Box, pid: int, signal: str = "KILL") -> None:
    """Signal the process and all that it started and did not send into a session of its own."""
    box.run(["kill", f"-{signal}", "--", f"-{pid}"], check=False)


def wait(box: Box, pid: int, seconds: float = 60) -> None:
    """Wait until a process has ended."""
    deadline = time.monotonic() + seconds
    while box.exists(f"/proc/{pid}"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def words(lines: Iterable[str]) -> str:
    """A few lines of a set, for an assertion's message."""
    return "\n".join(sorted(lines)[:12])
