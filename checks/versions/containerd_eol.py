"""Nobody looks after this containerd's release any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.versions import Lifecycles
from doctor.facts.engine.vulnerabilities import Components


@check(severity=Severity.WARNING, ok="containerd's release is looked after")
def containerd_eol(components: Components, table: Lifecycles) -> Iterator[Finding]:
    """Containerd is of a series whose support has ended.

    What it looks at:
        The version that the engine reports, or that of the package, against containerd's announced dates and the host's clock.
        A distribution's own package follows the distribution's support and is not judged.

    Why it matters:
        Holes that are found from now on stay open; containerd.io brings runc too.

    How it is fixed:
        By an upgrade of containerd.io; running containers go on under their shims.

    References:
        https://github.com/containerd/containerd/blob/main/RELEASES.md
    """
    found = components.get("containerd")
    version = found.version if found is not None else None
    if found is None or version is None or found.package:
        return
    series = table.of_containerd(version.numbers)
    if series is None or not series.ends or series.ends >= table.today:
        return
    yield Finding(
        subject=Subject("containerd", "version"),
        message=f"containerd {found.text} gets no fixes any more: its series ended on {series.ends}",
        evidence=(
            Evidence(found.source, found.text),
            Evidence("table of lifecycles", f"as of {table.checked}; today is {table.today}"),
        ),
    )
