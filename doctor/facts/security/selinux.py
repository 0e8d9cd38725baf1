"""Accesses of the engine and its runtime that SELinux refused."""

from msgspec import Struct

from doctor.model.paths import HostPath


class Denial(Struct, frozen=True, kw_only=True):
    """One refused access, as in the audit log.

    Attributes:
        time: seconds since the epoch.
        command: name of the process ("runc:[2:INIT]").
        access: what it wanted ("create").
        target: class of the object ("key", "bpf").
        source: type of the process ("container_runtime_t").
        line: the line, from "avc:" on.
    """

    time: float
    command: str
    access: str
    target: str
    source: str
    line: str


class Selinux(Struct, frozen=True, kw_only=True):
    """SELinux where it is enforcing.

    Attributes:
        policy: name of the policy ("targeted").
        has_container_module: whether the policy has the module of container-selinux; ``None`` if that is unknown.
        log: the audit log.
        denials: recent ones of the engine's own programs, oldest first.
    """

    policy: str
    has_container_module: bool | None
    log: HostPath
    denials: tuple[Denial, ...] = ()
