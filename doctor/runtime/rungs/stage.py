"""The directory of one rung, and the list of what must be removed after it."""

import fcntl
import importlib
import json
import os
import re
import secrets
import shutil
import signal
import stat
import time

from doctor.runtime.base import commands
from doctor.runtime.base.frozen import LaunchError, reason

_UNDO, _LOCK = "undo", "lock"
_WAIT_S, _PAUSE_S = 2.0, 0.02
_KEPT_S, _YOUNG_S = 3600.0, 60.0
_KINDS = frozenset({"runtime", "task", "engine"})
"""Modules of this folder that start a rung."""
_MOST_BYTES = 1 << 16
_MOST_LOOKS = 5
_TOKEN = re.compile(r"doctor-[0-9a-f]{12}")
_ROOM, _FILES = 1 << 20, 64
"""Free bytes and inodes that all rungs together need, with reserve."""


class Workspace:
    """The directory of one rung: private, in memory where /run is, and removed at the end.

    Attributes:
        directory: its path.
        token: names the rung in everything it makes on the host ("doctor-3f2a…"); a valid name of containers and groups.
        end: the time (monotonic) at which the rung is killed.
    """

    def __init__(self, base: str, limit_s: float) -> None:
        self.token = f"doctor-{secrets.token_hex(6)}"
        self.directory = f"{base}/{self.token}"
        self.end = time.monotonic() + limit_s
        make_base(base)
        os.mkdir(self.directory, 0o700)
        self._lock = os.open(f"{self.directory}/{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._list = os.open(f"{self.directory}/{_UNDO}", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    @property
    def left_s(self) -> float:
        """Seconds until the time limit."""
        return max(0.0, self.end - time.monotonic())

    def before(self, *words: str) -> None:
        """Announce what is made next: ("command", ARGV…), ("cgroup", PATH) or ("undo", KIND, WORDS…)."""
        os.write(self._list, json.dumps(words).encode() + b"\n")

    def close(self, *, was_cut: bool = False) -> list[str]:
        """Remove everything; return what is left. ``was_cut``: the start did not end by itself."""
        os.close(self._list)
        left = clear(self.directory, was_cut=was_cut)
        os.close(self._lock)
        return left


def make_base(base: str) -> None:
    """Make the directory of all stages. Raises LaunchError if another user could write to it: commands are read from it."""
    try:
        os.makedirs(base, 0o700, exist_ok=True)
        found = os.lstat(base)
    except OSError as error:
        raise LaunchError(f"can't make {base}: {reason(error)}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LaunchError(f"{base} is not a directory of root's own")


def has_room(base: str) -> bool:
    """Whether a stage fits below a directory: a full /run must not keep the rungs from being tried."""
    try:
        make_base(base)
        found = os.statvfs(base)
    except (OSError, LaunchError):
        return False
    return found.f_bavail * found.f_frsize >= _ROOM and (not found.f_files or found.f_favail >= _FILES)


def sweep(base: str) -> list[str]:
    """Remove the stages of runs that were killed; return what is left of them. Other directories are not doctor's."""
    try:
        make_base(base)
    except LaunchError:
        return []
    left: list[str] = []
    for directory in stages(base):
        try:
            lock = os.open(f"{directory}/{_LOCK}", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            _remove_unlocked(directory)
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left += clear(directory, was_cut=True)
        except OSError:
            continue  # it is of a live run
        finally:
            os.close(lock)
    return left


def _remove_unlocked(directory: str) -> None:
    """Remove what a shim wrote after the stage was removed: containerd cleans up a start whose caller was killed."""
    if _age_s(directory) > _YOUNG_S and not os.path.lexists(f"{directory}/{_LOCK}"):
        shutil.rmtree(directory, ignore_errors=True)


def watch(directories: list[str], limit_s: float) -> None:
    """Remove directories that appear again: a shim whose start was cut short calls the runtime once more, which makes its own."""
    end = time.monotonic() + limit_s
    while True:
        for directory in directories:
            if not os.path.lexists(f"{directory}/{_LOCK}"):
                shutil.rmtree(directory, ignore_errors=True)
        if time.monotonic() >= end:
            return
        time.sleep(_PAUSE_S)


def stages(base: str) -> list[str]:
    """Return the directories of all stages."""
    try:
        return [f"{base}/{name}" for name in os.listdir(base) if _TOKEN.fullmatch(name)]
    except OSError:
        return []


def clear(directory: str, *, was_cut: bool = False) -> list[str]:
    """Undo what a stage announced, in reverse order, and remove its directory; return what is left.

    If the start was cut short, processes that name the stage are killed before the directory goes: a slow runtime, a child of
    containerd's shim, would make it again.

    The announcements of that stay for the next sweep, for an hour: until then, an engine that hangs may answer again.
    """
    left: list[str] = []
    kept: list[list[str]] = []
    for words in reversed(_announced(directory)):
        try:
            _undo(words)
        except (OSError, LaunchError) as error:
            left.append(_unremoved(words, error))
            # A runtime that can't delete could not create: its processes and groups are undone without it.
            if words[0] != "command":
                kept.insert(0, words)
    if was_cut:
        _end_named(os.path.basename(directory))
    if kept and _age_s(f"{directory}/{_LOCK}") < _KEPT_S:
        _keep(directory, kept)
        return left
    shutil.rmtree(directory, ignore_errors=True)
    if os.path.lexists(directory):
        left.append(directory)
    return left


def _unremoved(words: list[str], error: OSError | LaunchError) -> str:
    """Name what is left, and why. Arguments of a command may be secrets: only its program is named."""
    why = error.message if isinstance(error, LaunchError) else reason(error)
    if words[0] != "command":
        return f"{' '.join(words)}: {why}"
    return f"command {words[1]}: {why.replace(' '.join(words[1:]), words[1])}"


def _end_named(token: str) -> None:
    """Kill the processes with a stage's token on their command line: of the runtime and of a shim.

    One that was only just executed has no command line yet, and one that is killed may have a new child: a second look sees them.
    """
    if not _TOKEN.fullmatch(token):
        return
    looks = 0
    while _kill_named(token) or not looks:
        looks += 1
        if looks == _MOST_LOOKS:
            return
        time.sleep(_PAUSE_S)


def _kill_named(token: str) -> bool:
    """Kill those that are there now; return whether there were any."""
    own, wanted, found = str(os.getpid()), token.encode(), False
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == own:
            continue
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as source:
                is_named = wanted in source.read(_MOST_BYTES)
            if is_named:
                os.kill(int(pid), signal.SIGKILL)
                found = True
        except OSError:
            continue
    return found


def _keep(directory: str, kept: list[list[str]]) -> None:
    """Leave only the lock and the announcements of what is not undone."""
    for name in os.listdir(directory):
        path = f"{directory}/{name}"
        if name not in {_LOCK, _UNDO}:
            shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)
    with open(f"{directory}/{_UNDO}.new", "w", encoding="utf-8") as target:
        target.writelines(json.dumps(words) + "\n" for words in kept)
    os.rename(f"{directory}/{_UNDO}.new", f"{directory}/{_UNDO}")


def _age_s(path: str) -> float:
    try:
        return time.time() - os.lstat(path).st_mtime
    except OSError:
        return _KEPT_S


def _announced(directory: str) -> list[list[str]]:
    try:
        with open(f"{directory}/{_UNDO}", "rb") as source:
            lines = source.read(_MOST_BYTES).splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            words = json.loads(line)
        except ValueError:
            continue  # the last line of a killed run
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            found.append(words)
    return found


def _undo(words: list[str]) -> None:
    kind, *rest = words
    if kind == "command":
        commands.output(rest)
    elif kind == "cgroup":
        for group in rest:
            remove_groups(group)
    elif kind == "undo" and rest and rest[0] in _KINDS:
        importlib.import_module(f"doctor.runtime.rungs.{rest[0]}").undo(rest[1:])


def remove_groups(path: str) -> None:
    """Remove a control group ("/doctor-3f2a") in each hierarchy, after killing its processes. Raises OSError."""
    for mount in _hierarchies():
        top = f"{mount}{path}"
        if os.path.isdir(top):
            for directory, _, _ in os.walk(top, topdown=False):
                _remove_group(directory)


def _remove_group(directory: str) -> None:
    end = time.monotonic() + _WAIT_S
    while True:
        _kill(f"{directory}/cgroup.procs")
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() >= end:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _kill(path: str) -> None:
    try:
        with open(path, encoding="ascii") as source:
            pids = [int(word) for word in source.read().split()]
    except (OSError, ValueError):
        return
    for pid in pids:
        # 0 is a process of another PID namespace, and would be this process's own group.
        if pid > 0:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _hierarchies() -> list[str]:
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as source:
        for line in source:
            before, _, after = line.partition(" - ")
            if after.startswith(("cgroup ", "cgroup2 ")):
                found.append(before.split(" ")[4])
    return found
