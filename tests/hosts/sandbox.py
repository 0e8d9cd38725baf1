"""A machine of namespaces over this machine's own root: commands and files in it, and nothing of Docker yet."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.hosts import mounts
from tests.hosts.agent import MAX_MESSAGE
from tests.hosts.cgroups import Hierarchy, hierarchies

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}

Completed = subprocess.CompletedProcess[str]


class SandboxError(Exception):
    """A box could not be made, or its dockerd did not do what the test stands on; the message carries the log's end."""


class Sandbox:
    """Made and removed by `with`, with every process, mount, cgroup and directory of its own, whatever happens.

    Its address is 198.51.100.1; `outside` (198.51.100.2) stands for the internet and is its default route.
    """

    def __init__(self, workdir: Path | None = None, *, keep: bool = False) -> None:
        """Describe a box.

        Args:
            workdir: an existing directory to work in, removed afterwards unless keep; default: a new temporary one.
            keep: leave the work directory behind.
        """
        self._given = workdir
        self._keep = keep
        self._keeper: subprocess.Popen[str] | None = None
        self.workdir = Path()
        self.pid = 0
        self.outside_pid = 0

    def __enter__(self) -> Self:
        self.workdir = self._given or Path(tempfile.mkdtemp(prefix="doctor-box-"))
        for name in mounts.DATA:
            (self.workdir / name).mkdir(mode=0o710, exist_ok=True)
        self._start_keeper(self._order())
        return self

    def _order(self) -> dict[str, Any]:
        """The order for the keeper (`keeper.Order`)."""
        visible = [str(CHECKOUT), sys.base_prefix, os.path.realpath(sys.executable)]
        return {"workdir": str(self.workdir), "name": self.workdir.name, "visible": visible, "keep": self._keep}

    def _start_keeper(self, order: dict[str, Any]) -> None:
        start = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from tests.hosts import keeper; keeper.main()"
        with (self.workdir / "keeper.log").open("w") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", start, json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        reply = json.loads(_line(self._keeper.stdout) or '{"error": "the keeper ended without a word"}')
        if "error" in reply:
            self.close()
            raise SandboxError(reply["error"])
        self.pid, self.outside_pid = reply["pid"], reply["outside"]

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the box; once is enough."""
        self._stop_keeper()

    def _stop_keeper(self, last_word: str = "") -> None:
        """Hang up and wait until the keeper has cleared away; after the word "keep" it leaves the files."""
        if self._keeper is None:
            return
        keeper, self._keeper = self._keeper, None
        with contextlib.suppress(BrokenPipeError):
            _stream(keeper.stdin).write(last_word)
            _stream(keeper.stdin).close()
        keeper.wait(timeout=240)
        _stream(keeper.stdout).close()

    # Commands

    def run(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        check: bool = True,
        timeout: float | None = 60,
        input: str | bytes | None = None,  # noqa: A002 - subprocess.run's name
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        show: bool = False,
    ) -> Completed:
        """Run a command inside, as PID 1's child in a session of its own, and return what it printed as text.

        Args:
            argv: the command; found along the usual PATH.
            check: raise CalledProcessError (with the output as a note) on another exit code than 0.
            timeout: seconds; then its session is killed and TimeoutExpired raised.
            input: what it reads on standard input, nothing by default.
            env: added to PATH, HOME and LANG; nothing else of the caller's environment is seen inside.
            cwd: directory inside.
            show: let it write to this process's own standard output and error instead of returning that.
        """
        command = [os.fspath(part) for part in argv]
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdin.write(input.encode() if isinstance(input, str) else input or b"")
            stdin.seek(0)
            fds = [stdin.fileno(), 1, 2] if show else [stdin.fileno(), out.fileno(), err.fileno()]
            request = {"op": "exec", "argv": command, "env": ENVIRONMENT | dict(env or {}), "cwd": cwd, "detach": False}
            try:
                status = self.ask(request, fds, timeout=timeout)["status"]
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(command, timeout or 0, _read(out), _read(err)) from error
            done = Completed(command, os.waitstatus_to_exitcode(status), _read(out), _read(err))
        if check and done.returncode != 0:
            failed = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            failed.add_note(f"stdout: {done.stdout[-2000:]}\nstderr: {done.stderr[-2000:]}")
            raise failed
        return done

    def start(self, argv: Sequence[str], *, log: str = "/dev/null", env: Mapping[str, str] | None = None) -> int:
        """Start a command in the background inside, its output appended to the file log; returns its PID inside."""
        script = 'exec "$@" >>"$0" 2>&1 </dev/null'
        command = ["sh", "-c", script, log, *argv]
        request = {"op": "exec", "argv": command, "env": ENVIRONMENT | dict(env or {}), "cwd": "/", "detach": True}
        with open(os.devnull, "r+b") as null:
            return int(self.ask(request, [null.fileno()] * 3, timeout=30)["pid"])

    def ask(self, request: dict[str, Any], fds: list[int], *, timeout: float | None) -> dict[str, Any]:
        """Send PID 1 one request (`agent`) and return its last answer; raises TimeoutError, or SandboxError when it ends."""
        message = json.dumps(request).encode()
        if len(message) > MAX_MESSAGE:
            raise SandboxError(f"a command of {len(message)} bytes is too long; write a file instead")
        directory = os.open(self.workdir, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
                connection.settimeout(timeout)
                connection.connect(f"/proc/self/fd/{directory}/agent.sock")
                socket.send_fds(connection, [message], fds)
                return self._answer(connection, request)
        finally:
            os.close(directory)

    @staticmethod
    def _answer(connection: socket.socket, request: dict[str, Any]) -> dict[str, Any]:
        while True:
            data = connection.recv(MAX_MESSAGE)
            if not data:
                raise SandboxError(f"the box ended while it ran {request.get('argv', request['op'])}")
            reply: dict[str, Any] = json.loads(data)
            if request["op"] != "exec" or request["detach"] or "status" in reply:
                return reply

    def outside(self, argv: Sequence[str], *, check: bool = True, timeout: float = 30) -> Completed:
        """Run a command of the machine in the network namespace outside the box (198.51.100.2)."""
        command = ["nsenter", "-t", str(self.outside_pid), "-n", *argv]
        return subprocess.run(command, check=check, timeout=timeout, capture_output=True, text=True, errors="replace")

    def cgroups(self) -> list[Hierarchy]:
        """The box's cgroup in each hierarchy, as directories of this machine."""
        return hierarchies(self.workdir.name)

    # Files

    def path(self, inside: str) -> Path:
        """The outer path of a file inside, for reading it or breaking it directly.

        Symbolic links are followed as the box sees them, but for the last part. Files of the data root have a path that
        outlives the box's processes. Never open a path below /proc/sys or /sys this way: it would be this machine's.
        """
        resolved = self._resolve(inside)
        for name, target in mounts.DATA.items():
            if resolved == target or resolved.startswith(target + "/"):
                return self.workdir / name / resolved[len(target) + 1 :]
        return Path(f"/proc/{self.pid}/root{resolved}")

    def _resolve(self, inside: str) -> str:
        """The path without symbolic links in its directories: /proc/PID/root leads absolute ones to the machine's root."""
        todo, done, hops = [part for part in inside.split("/") if part], "", 0
        while todo:
            part = todo.pop(0)
            if part in {".", ".."}:
                done = done.rpartition("/")[0] if part == ".." else done
                continue
            link = Path(f"/proc/{self.pid}/root{done}/{part}")
            if todo and link.is_symlink() and hops < 40:
                target = os.readlink(link)
                todo = [piece for piece in target.split("/") if piece] + todo
                done, hops = ("" if target.startswith("/") else done), hops + 1
            else:
                done = f"{done}/{part}"
        return done or "/"

    def read(self, inside: str) -> str:
        """The text of a file inside."""
        if _is_kernel(inside):
            return self.run(["cat", inside]).stdout
        return self.path(inside).read_text(encoding="utf-8", errors="replace")

    def docker(self, *arguments: str, check: bool = True, timeout: float = 60, input: str | bytes | None = None) -> str:  # noqa: A002
        """Run the docker client inside and return its standard output without the last newline."""
        return self.run(["docker", *arguments], check=check, timeout=timeout, input=input).stdout.rstrip("\n")

    def write(self, inside: str, text: str | bytes, mode: int = 0o644) -> None:
        """Write a file inside, with its directories; a kernel value only takes the text."""
        if _is_kernel(inside):
            self.run(["sh", "-c", 'cat >"$0"', inside], input=text)
            return
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)

    def exists(self, inside: str) -> bool:
        """Is there anything of that name inside (a dangling symbolic link counts)."""
        return os.path.lexists(self.path(inside))


def _is_kernel(inside: str) -> bool:
    """Must the file be opened by a process inside: /proc/sys/net and /sys/class/net show the opener's own namespace."""
    return inside.startswith(("/proc/", "/sys/"))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _line(stream: IO[str] | None) -> str:
    return "" if stream is None else stream.readline()


def _stream(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise SandboxError("the keeper was started without a pipe")
    return stream
