"""A killed probe left test containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.starts.leftovers import STAGES, StartLeftovers
from doctor.model.text import plural

_SHOWN = 3


@check(severity=Severity.INFO, ok="no killed probe left test containers")
def probe_left(left: StartLeftovers) -> Iterator[Finding]:
    """A probe of doctor was killed together with the process that removes its test containers.

    What it looks at:
        Directories in /run/doctor-start that are older than two minutes: a start takes seconds.

    Why it matters:
        A test container of the engine (label io.doctor.probe), a task in containerd's namespace ``doctor``, an empty control
        group and some files may be left. They do no harm, but nothing else removes them before the next boot.

    How it is fixed:
        The next 'doctor probe start' removes them.

    References:
        https://man7.org/linux/man-pages/man7/cgroups.7.html
    """
    if not left.names:
        return
    yield Finding(
        subject=Subject("directory", STAGES),
        message=f"a killed probe left {plural(len(left.names), 'start')} of test containers",
        evidence=tuple(Evidence("directory", f"{STAGES}/{name}") for name in left.names[:_SHOWN]),
    )
