"""PID 1 of a box: reaps every orphan, and starts what the test asks for over a socket.

A request is one message of a SOCK_SEQPACKET connection: JSON with the file descriptors for 0, 1 and 2 attached.

* `{"op": "exec", "argv": […], "env": {…}, "cwd": "/", "detach": false}` → `{"pid": 17}`, then `{"status": 0}` in the
  form of waitpid(2). A caller that hangs up has the whole session of its command killed, unless it is detached.
* `{"op": "power-loss", "beneath": […], "empty": […]}`: every process of the box is killed at once, then everything
  mounted beneath the paths is unmounted, then the other directories are emptied. With `"network": true` the box gets a new
  network namespace, with nothing in it but a loopback that is down, and a /sys that shows it.
"""

import contextlib
import glob
import json
import os
import selectors
import shutil
import signal
import socket
from pathlib import Path
from typing import Any

from tests.hosts import linux

MAX_MESSAGE = 180_000  # net.core.wmem_default is 212,992 bytes, which a message must fit in with its overhead


class Agent:
    """The loop of PID 1 and the commands it has running."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._running: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, wake_write = socket.socketpair()
        self._wake.setblocking(False)
        wake_write.setblocking(False)
        signal.set_wakeup_fd(wake_write.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wake_write = wake_write

    def serve(self) -> None:
        """Run for as long as the box lives."""
        self._selector.register(self._server, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        while True:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _accept(self, server: socket.socket) -> None:
        connection, _ = server.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._message)

    def _message(self, connection: socket.socket) -> None:
        data, fds, _, _ = socket.recv_fds(connection, MAX_MESSAGE + 4096, 3)
        try:
            if not data:
                self._hang_up(connection)
                return
            request = json.loads(data)
            if request["op"] == "exec":
                self._start(connection, request, fds)
            else:
                connection.send(json.dumps(self._power_loss(request)).encode())
        finally:
            for fd in fds:
                os.close(fd)

    def _hang_up(self, connection: socket.socket) -> None:
        for pid, waiting in list(self._running.items()):
            if waiting is connection:
                del self._running[pid]
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()

    def _start(self, connection: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            _become(request, fds)
        if not request["detach"]:
            self._running[pid] = connection
        self._send(connection, {"pid": pid})

    @staticmethod
    def _send(connection: socket.socket, reply: dict[str, Any]) -> None:
        # The caller may have given up; its hang-up is noticed by the loop.
        with contextlib.suppress(OSError):
            connection.send(json.dumps(reply).encode())

    def _woken(self, wake: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while wake.recv(4096):
                pass
        self._reap(block=False)

    def _reap(self, *, block: bool) -> None:
        """Wait for ended children; with block, until there is no child at all."""
        while True:
            try:
                pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            connection = self._running.pop(pid, None)
            if connection is not None:
                self._send(connection, {"status": status})

    def _power_loss(self, request: dict[str, Any]) -> dict[str, Any]:
        """Kill all, unmount, empty; the reply names the mounts that would not go."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        self._reap(block=True)
        stuck = unmount_beneath(request["beneath"])
        for pattern in request["empty"]:
            for path in glob.glob(pattern):
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    os.unlink(path)
        if request.get("network"):
            linux.unshare(linux.CLONE_NEWNET)
            renew_sysfs()
        return {"stuck": stuck}


def renew_sysfs() -> None:
    """Mount /sys again: it shows the network namespace in which it was mounted. Mounts beneath it keep their places."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    beneath = [point for line in lines if (point := line.split()[4]).startswith("/sys/")]
    # The outer ones carry the inner ones along.
    outer = [point for point in beneath if not any(point.startswith(other + "/") for other in beneath)]
    shelter = Path("/run/sys-mounts")
    for number, point in enumerate(outer):
        (shelter / str(number)).mkdir(parents=True)
        linux.mount(point, str(shelter / str(number)), flags=linux.MS_MOVE)
    linux.umount("/sys")
    linux.mount("sysfs", "/sys", "sysfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    for number, point in enumerate(outer):
        linux.mount(str(shelter / str(number)), point, flags=linux.MS_MOVE)
    shutil.rmtree(shelter, ignore_errors=True)


def unmount_beneath(prefixes: list[str]) -> list[str]:
    """Unmount what is mounted beneath the directories, last mounted first; returns what could only be detached.

    By path and never `umount -a`: on an overlay root that turns `/` read-only.
    """
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    stuck = []
    for point in reversed(points):
        if any(point.startswith(prefix.rstrip("/") + "/") for prefix in prefixes):
            try:
                linux.umount(point)
            except OSError:
                stuck.append(point)
                with contextlib.suppress(OSError):
                    linux.umount(point, linux.MNT_DETACH)
    return stuck


def _become(request: dict[str, Any], fds: list[int]) -> None:
    """Turn the forked child into the command; never returns."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # Copies above 2 first: a passed descriptor may itself be 0, 1 or 2.
        copies = [os.dup(fd) for fd in fds]
        for target, copy in enumerate(copies):
            os.dup2(copy, target, inheritable=True)
        os.closerange(3, 4096)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], request["env"])
    except OSError as error:
        os.write(2, f"{request['argv'][0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)
