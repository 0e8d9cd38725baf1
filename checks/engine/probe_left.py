"""A killed probe left test containers, or a killed trace its instance of tracefs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.starts.leftovers import INSTANCES, STAGES, TRACES, LeftInstances, StartLeftovers
from doctor.model.text import plural

_SHOWN = 3


@check(severity=Severity.INFO, detail=LeftInstances | None, ok="no killed probe left anything")
def probe_left(left: StartLeftovers) -> Iterator[Finding]:
    """A probe of doctor was killed together with the process that removes what it created.

    What it looks at:
        Directories in /run/doctor-start, and instances ``doctor.…`` of tracefs in /sys/kernel/tracing, that are older than two
        minutes: a start and a trace take seconds. Where tracefs is not mounted, the notes of traces in /run/doctor-trace.

    Why it matters:
        A test container of the engine (label io.doctor.probe), a task in containerd's namespace ``doctor``, an empty control
        group and some files may be left. They do no harm, but nothing else removes them before the next boot. An instance of
        tracefs records events of packets, which costs the kernel a little time for each packet, and holds up to 1.4 MiB of
        memory per CPU.

    How it is fixed:
        The next 'doctor probe start' removes test containers. The instances are removed; the next 'doctor probe' does that
        too, also where tracefs is not mounted.

    References:
        https://man7.org/linux/man-pages/man7/cgroups.7.html
        https://docs.kernel.org/trace/ftrace.html#instances
    """
    if left.names:
        yield Finding(
            subject=Subject("directory", STAGES),
            message=f"a killed probe left {plural(len(left.names), 'start')} of test containers",
            evidence=tuple(Evidence("directory", f"{STAGES}/{name}") for name in left.names[:_SHOWN]),
        )
    if left.instances:
        yield Finding(
            subject=Subject("directory", INSTANCES),
            message=f"a killed trace left {plural(len(left.instances), 'instance')} of tracefs: the kernel still records packets",
            evidence=tuple(Evidence("directory", f"{INSTANCES}/{name}") for name in left.instances[:_SHOWN]),
            detail=LeftInstances(names=left.instances),
        )
    if left.noted:
        yield Finding(
            subject=Subject("directory", TRACES),
            message=f"a killed trace may have left {plural(len(left.noted), 'instance')} of tracefs: the kernel then still records packets",
            evidence=tuple(Evidence("note", f"{TRACES}/{name}") for name in left.noted[:_SHOWN]),
        )
