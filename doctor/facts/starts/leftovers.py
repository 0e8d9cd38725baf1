"""Leftovers of starts and of traces that were killed, with everything that would have removed them."""

from msgspec import Struct

STAGES = "/run/doctor-start"
"""Where rungs keep what a start needs, until they end (doctor/runtime/rungs/stage.py)."""


INSTANCES = "/sys/kernel/tracing/instances"
"""Where a trace has its instance of tracefs (doctor/host/trace/tracefs.py), if tracefs is mounted."""


TRACES = "/run/doctor-trace"
"""Where a trace notes its instance before it creates it: a scan mounts nothing, so elsewhere it can't see one."""


class LeftInstances(Struct, frozen=True, kw_only=True):
    """Instances of tracefs of killed traces."""

    names: tuple[str, ...]


class StartLeftovers(Struct, frozen=True, kw_only=True):
    """Stages that are older than any rung may run, and instances of tracefs that are older than any trace; all other
    instances are kept.

    Attributes:
        noted: instances that are noted alone, because tracefs is not mounted.
    """

    names: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
