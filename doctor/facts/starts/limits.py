"""Limits of open files of the processes that start containers."""

from msgspec import Struct


class ServiceLimit(Struct, frozen=True, kw_only=True):
    """The limit of one process.

    Attributes:
        program: ``dockerd`` or ``containerd``.
        pid: the process.
        unit: its unit of systemd, "" for none.
        files: how many files it may ever open (the hard limit), -1 without a limit.
    """

    program: str
    pid: int
    unit: str
    files: int


class ServiceLimits(Struct, frozen=True, kw_only=True):
    """The limits of all processes that start containers. () if none runs."""

    items: tuple[ServiceLimit, ...] = ()
