"""The machine doctor runs on."""

import os
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from doctor.engines.docker import places as docker
from doctor.host.base import ApiAnswer, CommandResult, DeletedFile, KernelRing, Process
from doctor.host.files import RootedFiles, failed
from doctor.model.paths import HostPath

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion
    from doctor.model.missing import Missing

ENGINE_SOCKETS = docker.SOCKETS


class LiveHost(RootedFiles):
    """The running machine: files from "/", its commands, its engine's socket, its processes."""

    kind = "live"

    def __init__(self) -> None:
        super().__init__("/")
        self.name = os.uname().nodename
        self._hung = self._find_hung()
        self._socket = ENGINE_SOCKETS[0]

    def _find_hung(self) -> tuple[str, ...]:
        """Probe network and FUSE mounts; a host without such mounts costs one read."""
        from doctor.host import hung  # noqa: PLC0415

        return hung.find()

    def is_live(self) -> bool:
        """Yes."""
        return True

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a command. See ``doctor.host.commands.run``."""
        from doctor.host import commands  # noqa: PLC0415 - subprocess is loaded when a command runs

        run = partial(commands.run, argv, timeout_s=timeout_s, stdin=stdin)
        if argv[0] != "ip":
            return run()
        from doctor.host.rtnetlink import lock  # noqa: PLC0415

        return lock.shown_by(run)

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Ask the engine's API. See ``doctor.host.engine_socket.get``; a socket that was named is used from then on."""
        if socket is not None:
            self._socket = socket
        try:
            # Before a start there is no socket, and loading its client would cost more than everything the guard reads.
            os.stat(self._socket)
        except OSError as error:
            raise failed(error, self._socket) from error
        from doctor.host import engine_socket  # noqa: PLC0415

        return engine_socket.get(self._socket, path, timeout_s=timeout_s)

    def processes(self) -> tuple[Process, ...]:
        """Return the processes; those that end meanwhile are omitted."""
        from doctor.host import processes  # noqa: PLC0415

        return processes.read_all()

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """Return the end of the kernel's log."""
        from doctor.host.machine import kernel_log  # noqa: PLC0415

        return kernel_log.read(largest_bytes)

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """Return deleted files that processes have open."""
        from doctor.host.machine import deleted_files  # noqa: PLC0415

        return deleted_files.find()

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Return the state of network namespaces."""
        from doctor.host.rtnetlink import namespaces  # noqa: PLC0415

        return namespaces.read(pids, sysctls)

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Return settings of network namespaces."""
        from doctor.host.rtnetlink import namespaces  # noqa: PLC0415

        return namespaces.settings(pids, keys)

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Ask the kernel for routes."""
        from doctor.host.rtnetlink import lookups  # noqa: PLC0415

        return lookups.ask(questions)

    def environ(self, pid: int) -> dict[str, str]:
        """Return a process's start environment."""
        from doctor.host import processes  # noqa: PLC0415

        return processes.environ(pid)

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()
