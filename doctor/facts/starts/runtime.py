"""The OCI runtime of this host, as its engine would start it."""

from typing import Annotated, Any

from msgspec import field

from doctor.model.secret import SECRET, Guarded


class HostRuntime(Guarded, frozen=True, kw_only=True):
    """The runtime of containers that do not choose one; that of containerd on a host without an engine.

    Missing if the host has neither.

    Attributes:
        name: its name in the engine's settings ("runc", "crun").
        program: its program as the settings name it, "" for "runc".
        path: the program; "" if ``search`` has no such file.
        problem: why the program can't be executed, as far as its file shows.
        lacks: the file that makes it work again: the program, or the name of a library that it lacks.
        owner: the package (dpkg) that has this file; "" if no package has it, ``None`` if that is unknown.
        arguments: its own arguments, before the verb, as written: the settings mask them.
        search: the directories in which a name without a path is looked up.
        origin: what names it ("default", "/etc/docker/daemon.json").
        user: the program that starts it ("dockerd", "containerd"), for messages.
        pid: its process, whose limits the runtime inherits; 0 if it does not run.
        limits: soft and hard limit by name ("NOFILE"), of that process; -1 is unlimited.
        uses_systemd: whether systemd makes the control groups; ``parent`` is their slice or directory, "" for the default.
        cgroup_namespace: whether containers get a control group namespace.
        rlimits: limits of containers, as config.json has them.
        seccomp: the profile in config.json; ``None`` for the engine's default profile, {} without one.
        seccomp_path: the file of the profile, "" without one.
        seccomp_problem: why the engine can't use the profile that its settings name: no container starts.
        apparmor: the AppArmor profile of containers, "" without one.
        untried: parts of an engine's start that this rung leaves out, with the reason.
    """

    name: str
    path: str
    program: str = ""
    problem: str = ""
    lacks: str = ""
    owner: str | None = None
    arguments: Annotated[tuple[str, ...], SECRET] = ()
    search: tuple[str, ...] = ()
    origin: str = "default"
    user: str = ""
    pid: int = 0
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    uses_systemd: bool = False
    parent: str = ""
    cgroup_namespace: bool = False
    rlimits: tuple[dict[str, Any], ...] = ()
    seccomp: dict[str, Any] | None = None
    seccomp_path: str = ""
    seccomp_problem: str = ""
    apparmor: str = ""
    untried: tuple[str, ...] = ()
