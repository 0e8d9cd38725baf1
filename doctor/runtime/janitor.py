"""Takes back what a container changes outside of itself (a bridge, firewall rules), also when the runtime is killed.

A small process of its own waits for the end of a pipe that only the runtime holds. It is told of each change before it
is made; when the pipe ends, by a regular end or by SIGKILL, it undoes them, the last first. Mounts and the container's
processes need none of this: the kernel takes them with their namespaces.
"""

import os
import stat
import time

from doctor.runtime import commands, kernel
from doctor.runtime.netlink import Netlink
from doctor.runtime.system import signal
from doctor.runtime.values import Failure

_LINK, _TREE = "link", "tree"
_TRIES = 100


class Janitor:
    """Started with the first change; `finish` makes it undo everything and waits for that."""

    def __init__(self) -> None:
        self._pipe = -1
        self._pid = 0

    def before_link(self, name: str) -> None:
        """A link is about to be made that has to go afterwards."""
        self._tell([_LINK, name])

    def before_tree(self, path: str) -> None:
        """A directory is about to be made that has to go afterwards, with what is in it."""
        self._tell([_TREE, path])

    def before_command(self, undo: list[str]) -> None:
        """Something is about to be done that this command takes back."""
        self._tell(["command", *undo])

    def finish(self) -> None:
        """Undo now."""
        if self._pid:
            os.close(self._pipe)
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _tell(self, words: list[str]) -> None:
        if not self._pid:
            self._start()
        os.write(self._pipe, "\0".join(words).encode() + b"\n")

    def _start(self) -> None:
        read, write = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(read)
            self._pipe = write
            return
        try:
            os.setsid()  # a Ctrl-C for the runtime must not reach the one who cleans up after it
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_IGN)
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.dup2(read, 3)
            kernel.close_from(4)
            _undo(_read_all(3))
        finally:
            os._exit(0)


def _read_all(descriptor: int) -> list[str]:
    text = b""
    while chunk := os.read(descriptor, 65536):
        text += chunk
    return text.decode("utf-8", "surrogateescape").splitlines()


def _undo(lines: list[str]) -> None:
    for line in reversed(lines):
        kind, *words = line.split("\0")
        try:
            if kind == _LINK:
                Netlink().delete(words[0])
            elif kind == _TREE:
                _remove(words[0])
            else:
                commands.run(words)
        except (OSError, Failure):
            continue  # it was announced but never made, or is gone: the others still have to go


def _remove(path: str) -> None:
    """Remove a directory tree. A container that is being killed may add to it for some milliseconds."""
    for _ in range(_TRIES):
        if not os.path.lexists(path):
            return
        try:
            _remove_once(path)
        except OSError:
            time.sleep(0.02)


def _remove_once(path: str) -> None:
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    for name in os.listdir(path):
        _remove_once(f"{path}/{name}")
    os.rmdir(path)
