"""How an engine is stopped and started on this host, as steps for the plan: the same value for every engine."""

from typing import Annotated

from msgspec import Struct, field

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.stopped import Stopping
from doctor.model.secret import SECRET, Guarded
from doctor.model.step import Answer, Reload, Run, Signal, StartContainers, Step

_STOP_S = 90.0
"""dockerd waits 15 s for containers, then for its plugins and containerd; TimeoutStopSec of a unit is 90 s by default."""
_START_S = 120.0
_GONE = Answer(ask=("GET", "*"), exit=0)


class Holder(Guarded, frozen=True, kw_only=True):
    """A process that holds the data root, and what is needed to start it again.

    Attributes:
        name: of the process.
        is_engine: whether it is the engine itself, and not a part that outlived it (dockerd's own containerd).
        argv: its command line, the program as an absolute path.
        env: its environment: it holds secrets and is written only to the journal, which only root can read.
        stdout: the regular file that its output goes to, "" for anything else.
        unit: its systemd unit, "" for none.
        socket: the socket of a containerd, "" if unknown.
    """

    pid: int
    start_ticks: int
    name: str
    is_engine: bool = True
    argv: tuple[str, ...] = ()
    cwd: str = "/"
    env: Annotated[dict[str, str], SECRET] = field(default_factory=dict)
    stdout: str = ""
    unit: str = ""
    socket: str = ""

    def start(self, answers: tuple[Answer, ...], socket: str = "", engine: str = "") -> Run:
        """Return the step that starts it as before; ``socket`` is where this engine answers then."""
        return Run(
            argv=self.argv,
            detach=True,
            cwd=self.cwd,
            env=self.env,
            stdout=self.stdout,
            until="up",
            engine=engine,
            socket=socket,
            timeout_s=_START_S,
            predicts=answers,
        )

    def start_containerd(self) -> Run:
        """Return the step that starts a containerd as before, and waits until it answers: otherwise dockerd starts its own."""
        if self.unit:
            return Run(
                argv=("systemctl", "start", self.unit), timeout_s=_START_S, undo=(("systemctl", "stop", self.unit),)
            )
        return Run(
            argv=self.argv,
            detach=True,
            cwd=self.cwd,
            env=self.env,
            stdout=self.stdout,
            until="listens",
            engine=containerd.NAME,
            socket=self.socket,
            timeout_s=_START_S,
        )

    def stop_containerd(self) -> Run | Signal:
        """Return the step that stops a containerd; its shims and their containers continue to run."""
        if self.unit:
            undo = (("systemctl", "start", self.unit),)
            return Run(argv=("systemctl", "stop", self.unit), undo=undo, timeout_s=_STOP_S)
        restart = self.start_containerd() if self.argv else None
        return Signal(pid=self.pid, start_ticks=self.start_ticks, signal=15, timeout_s=_STOP_S, restart=restart)


class EngineControl(Struct, frozen=True, kw_only=True):
    """How one engine is stopped and started here.

    Attributes:
        engine: its name.
        manager: ``systemd``, ``sysv``, ``openrc``, ``hand`` (started by hand) or ``none`` (a mounted root, or it is unknown
            how it is started).
        units: systemd's units, sockets first.
        script: the init script.
        holders: the processes that hold the data root now, dockerd first; its own containerd is one, the system's is not.
        containerd: a containerd that dockerd does not own, with its state in ``service_roots``.
        data_roots: directories that no process may hold while a repair writes below them, including ``service_roots``.
        service_roots: root of a separate containerd service, and its real path; () without one. A containerd that runs beside an
            engine always holds it: it blocks writes there, and nothing else.
        stopping: the containers that a stop of the engine stops, in the order in which they are started again; none with
            live-restore.
        unnamed: number of other running containers whose files can't be read: doctor can't name or start them.
        keeps: number of containers that continue to run while the engine is stopped (live-restore).
        manual: why doctor can't start it again and the command to type, "" if it can.
        socket: its Unix socket.
        turns_forwarding_on: whether a start turns IPv4 forwarding on if it is off, as dockerd does unless configured not
            to (moby libnetwork/drivers/bridge/setup_ip_forwarding.go).
        has_api: whether it answers Docker's API, which a prediction follows through a stop and a start.
        answer: the predicted answer to GET /version once it runs; ``unit_answers`` those of systemd.
    """

    engine: str = docker.NAME
    manager: str
    units: tuple[str, ...] = ()
    script: str = ""
    holders: tuple[Holder, ...] = ()
    containerd: tuple[Holder, ...] = ()
    data_roots: tuple[str, ...] = ()
    service_roots: tuple[str, ...] = ()
    stopping: tuple[Stopping, ...] = ()
    unnamed: int = 0
    keeps: int = 0
    socket: str = ""
    turns_forwarding_on: bool = False
    manual: str = ""
    has_api: bool = True
    answer: bytes = b""
    unit_answers: tuple[Answer, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether a process holds the data root, whether it answers or not."""
        return bool(self.holders)

    @property
    def removes(self) -> tuple[str, ...]:
        """Return the containers that a stop of the engine removes together with files that they wrote (``--rm``)."""
        return tuple(one.container.name for one in self.stopping if one.has_files)

    @property
    def containers_to_start(self) -> StartContainers | None:
        """Return the step that starts the containers that ran before and that the engine does not start; ``None`` for none."""
        left = tuple(one.container for one in self.stopping if not one.is_removed)
        return StartContainers(containers=left, engine=self.engine, socket=self.socket) if left else None

    def reload_steps(self, predicts: tuple[Answer, ...] = ()) -> tuple[Reload, ...]:
        """Return the steps that make the running engine reload its settings file; none if it does not run."""
        return tuple(
            Reload(
                pid=holder.pid,
                start_ticks=holder.start_ticks,
                engine=self.engine,
                socket=self.socket,
                predicts=predicts,
            )
            for holder in self.holders
            if holder.is_engine
        )[:1]

    def stop_steps(self, *, with_containerd: bool = False) -> tuple[Step, ...]:
        """Return the steps that stop the engine and, on undo, start it again; none if it does not run.

        ``with_containerd`` also stops the system's containerd, for repairs below its root.
        """
        steps: list[Step] = []
        if self.is_running and self.manager == "systemd":
            # An undo restores unit files before this step: systemd must reload them first.
            undo = (("systemctl", "daemon-reload"), ("systemctl", "start", *self.units))
            steps.append(
                Run(
                    argv=("systemctl", "stop", *self.units),
                    undo=undo,
                    timeout_s=_STOP_S + 30,
                    until="down",
                    engine=self.engine,
                    socket=self.socket,
                    predicts=self._gone,
                    ends=tuple(holder.pid for holder in self.holders),
                )
            )
        else:
            steps.extend(self._signal(holder) for holder in self.holders)
        if with_containerd:
            steps.extend(holder.stop_containerd() for holder in self.containerd)
        return tuple(steps)

    def start_containerd_steps(self) -> tuple[Step, ...]:
        """Return the steps that start the system's containerd again, before the engine; none if it did not run."""
        return tuple(holder.start_containerd() for holder in self.containerd if holder.unit or holder.argv)

    @property
    def containerd_manual(self) -> str:
        """Return why doctor can't start the system's containerd again, "" if it can."""
        if all(holder.unit or (holder.argv and holder.socket) for holder in self.containerd):
            return ""
        return "containerd was started by hand and its command line or socket is unknown: stop and start it yourself"

    def start_steps(self) -> tuple[Step, ...]:
        """Return the steps that start the engine, and then the containers stopped with it; none if ``manual`` is set."""
        start = self._start()
        restarts = self.containers_to_start
        return (*start, restarts) if start and restarts is not None else start

    def _start(self) -> tuple[Step, ...]:
        answers = self._answers()
        if self.manager == "systemd":
            start = ("systemctl", "start", *self.units)
            return (
                Run(argv=("systemctl", "daemon-reload")),
                # A unit that failed too often refuses to start until its counter is reset (systemd.unit, StartLimit).
                Run(argv=("systemctl", "reset-failed", *self.units), may_fail=True),
                Run(
                    argv=start,
                    undo=(("systemctl", "stop", *self.units),),
                    timeout_s=_START_S,
                    until="up",
                    engine=self.engine,
                    socket=self.socket,
                    predicts=answers,
                ),
            )
        if self.manager in {"sysv", "openrc"}:
            undo = ((self.script, "stop"),)
            start = (self.script, "start")
            return (
                Run(
                    argv=start,
                    undo=undo,
                    timeout_s=_START_S,
                    until="up",
                    engine=self.engine,
                    socket=self.socket,
                    predicts=answers,
                ),
            )
        if self.manager == "hand":
            return tuple(
                holder.start(answers, self.socket, self.engine)
                for holder in self.holders
                if holder.is_engine and holder.argv
            )
        return ()

    @property
    def _gone(self) -> tuple[Answer, ...]:
        return (_GONE,) if self.has_api else ()

    def _answers(self) -> tuple[Answer, ...]:
        if not self.has_api:
            return self.unit_answers
        return (
            Answer(ask=("GET", "/version"), stdout=self.answer, exit=200),
            Answer(ask=("GET", "/_ping"), stdout=b"OK", exit=200),
            *self.unit_answers,
        )

    def _signal(self, holder: Holder) -> Signal:
        restart = None
        if holder.is_engine:
            if self.manager == "hand" and holder.argv:
                restart = holder.start((), self.socket, self.engine)
            elif self.script:
                start = (self.script, "start")
                restart = Run(argv=start, timeout_s=_START_S, until="up", engine=self.engine, socket=self.socket)
        return Signal(
            pid=holder.pid,
            start_ticks=holder.start_ticks,
            signal=15,
            timeout_s=_STOP_S,
            predicts=self._gone,
            restart=restart,
        )
