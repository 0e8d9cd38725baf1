"""A process of the examined host."""

from msgspec import Struct


class Process(Struct, frozen=True, kw_only=True):
    """A process of the host, from /proc/PID.

    Attributes:
        start_ticks: field 22 of stat, clock ticks since boot: detects a reused pid.
        state: one letter, ``Z`` for a zombie.
        exe: target of /proc/PID/exe, " (deleted)" included; "" if denied or for kernel threads.
        mount_namespace: "mnt:[4026531841]" or "" if denied; likewise ``pid_namespace``.
        cgroup: the path of its v2 or systemd-named cgroup, "" if unknown.
    """

    pid: int
    ppid: int
    start_ticks: int
    state: str
    comm: str
    exe: str
    argv: tuple[str, ...]
    uid: int = 0
    mount_namespace: str = ""
    pid_namespace: str = ""
    cgroup: str = ""
