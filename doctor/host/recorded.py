"""A mounted root directory, with or without recorded answers: a disk of a dead machine, a test case, a bundle."""

import errno
import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.formats.kernel import sysctl_conf
from doctor.host.base import ApiAnswer, CommandResult, DeletedFile, KernelRing, Process, StatFs
from doctor.host.files import RootedFiles, magic_of
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, is_beneath

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion

_KERNEL = {"proc": 0x9FA0, "sys": 0x62656572}
"""Magic of procfs and sysfs (linux/magic.h)."""


class RecordedAnswers(Struct, frozen=True, kw_only=True):
    """Recorded answers of a host.

    Attributes:
        commands: argv → result. A command that is not listed counts as not installed, unless ``live`` is false.
        engine: API path → answer.
        processes: its processes, or ``None`` for a disk without any.
        now: when it was recorded, seconds since the epoch.
        live: whether the recorded host was running; a plain mounted disk was not.
        statfs: path → the file system there; it also covers paths beneath it.
        kernel_log: its kernel's log, ``None`` if it was not recorded.
        deleted: deleted files that processes had open.
        networks: process → its network namespace, settings included; 0 is the host's.
        routes: the kernel's answers to questions about routes.
        missing: source (joined argv, API path, file path) → why a read fails: recorded denials and timeouts.
    """

    commands: dict[tuple[str, ...], CommandResult] = {}
    engine: dict[str, ApiAnswer] = {}
    processes: tuple[Process, ...] | None = None
    now: float | None = None
    live: bool = False
    statfs: dict[str, StatFs] = {}
    kernel_log: KernelRing | None = None
    deleted: tuple[DeletedFile, ...] = ()
    networks: "dict[int, NetNamespace]" = {}
    routes: "dict[RouteQuestion, RouteAnswer]" = {}
    missing: dict[str, Why] = {}


class RootHost(RootedFiles):
    """Files from a directory; answers of a running machine come from the recording only."""

    kind = "root"

    def __init__(self, root: str, answers: RecordedAnswers | None = None) -> None:
        super().__init__(os.path.abspath(root))
        self.name = os.path.basename(self.root) or self.root
        self.answers = answers or RecordedAnswers()
        self.refuses = bool(self.answers.missing)
        self._not_its_own = tuple(
            name for name, magic in _KERNEL.items() if magic_of(os.path.join(self.root, name)) == magic
        )

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        """A mounted disk often has /proc and /sys mounted too: they describe another machine."""
        if path.lstrip("/").split("/", 1)[0] in self._not_its_own:
            raise FileNotFoundError(errno.ENOENT, "this belongs to the running machine", path)
        return super()._open(path, flags, follow=follow)

    def is_live(self) -> bool:
        """Whether a running machine was recorded."""
        return self.answers.live

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return a file's content, or the recorded refusal."""
        self._refuse(path)
        return super().read(path, follow=follow, limit_bytes=limit_bytes)

    def statfs(self, path: HostPath) -> StatFs:
        """Return the recorded file system that covers ``path``, else that of the directory."""
        self._refuse(f"statfs {path}")
        covering = [top for top in self.answers.statfs if is_beneath(path, top)]
        if covering:
            return self.answers.statfs[max(covering, key=len)]
        return super().statfs(path)

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Return the recorded answer."""
        del timeout_s, stdin
        self._refuse(" ".join(argv))
        found = self.answers.commands.get(argv)
        if found is not None:
            return found
        if self.answers.live:
            raise HostError(Missing(Why.ABSENT, f"{argv[0]} is not installed"))
        raise HostError(Missing(Why.UNSUPPORTED, f"no command runs on a mounted root: {argv[0]}"))

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Return the recorded answer."""
        del timeout_s, socket
        self._refuse(path)
        found = self.answers.engine.get(path)
        if found is not None:
            return found
        if self.answers.live:
            raise HostError(Missing(Why.ABSENT, f"{docker.SOCKET}: nobody listens"))
        raise HostError(Missing(Why.UNSUPPORTED, "a mounted root has no running engine"))

    def processes(self) -> tuple[Process, ...]:
        """Return the recorded processes."""
        if self.answers.processes is None:
            raise HostError(Missing(Why.UNSUPPORTED, "a mounted root has no processes"))
        return self.answers.processes

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """Return the recorded log."""
        self._refuse("kernel log")
        found = self.answers.kernel_log
        if found is None:
            raise HostError(Missing(Why.UNSUPPORTED, "the kernel's log is only in the memory of a running machine"))
        return found if found.size_bytes <= largest_bytes else KernelRing(b"", found.now_s, found.size_bytes)

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """Return the recorded ones."""
        return self.answers.deleted

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Return the recorded ones."""
        del sysctls
        return {pid: self._network(pid) for pid in pids}

    def _network(self, pid: int) -> "NetNamespace | Missing":
        why = self.answers.missing.get(f"network {pid}")
        if why is not None:
            return Missing(why, f"network namespace of process {pid}: {why.value}")
        found = self.answers.networks.get(pid)
        if found is not None:
            return found
        if self.answers.live:
            return Missing(Why.ABSENT, f"the network namespace of process {pid} was not recorded")
        return Missing(Why.UNSUPPORTED, "a mounted root has no network namespaces")

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Return the recorded ones; those of the host are files in /proc/sys."""
        found: dict[int, dict[str, str] | Missing] = {}
        for pid in pids:
            one = self._network(pid)
            if isinstance(one, Missing):
                found[pid] = one
                continue
            recorded = {key: one.sysctls[key] for key in keys if key in one.sysctls}
            found[pid] = recorded if pid else recorded | self._own_settings(keys)
        return found

    def _own_settings(self, keys: tuple[str, ...]) -> dict[str, str]:
        values = {}
        for key in keys:
            path = HostPath(sysctl_conf.proc_path(key))
            if self.exists(path):
                values[key] = self.read(path).decode("utf-8", "surrogateescape").strip()
        return values

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Return the recorded answers."""
        from doctor.facts.path.routing import UNKNOWN, RouteAnswer  # noqa: PLC0415

        unknown = RouteAnswer(error=UNKNOWN)
        return tuple(self.answers.routes.get(question, unknown) for question in questions)

    def environ(self, pid: int) -> dict[str, str]:
        """Environments are never recorded: they hold secrets."""
        raise HostError(Missing(Why.UNSUPPORTED, f"the environment of process {pid} is not recorded"))

    def now(self) -> float:
        """Return when the host was recorded, or the current time."""
        return time.time() if self.answers.now is None else self.answers.now

    def _refuse(self, source: str) -> None:
        why = self.answers.missing.get(source)
        if why is not None:
            raise HostError(Missing(why, f"{source}: {why.value}"))
