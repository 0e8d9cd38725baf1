"""The support of this containerd release has ended."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.versions import Lifecycles
from doctor.facts.engine.vulnerabilities import Components


@check(severity=Severity.WARNING, security=True, ok="containerd's release is supported")
def containerd_eol(components: Components, table: Lifecycles) -> Iterator[Finding]:
    """The support of containerd's release series has ended.

    What it looks at:
        The version that the engine reports, or the package's, against containerd's announced dates and the host's clock. A
        distribution's package is not checked, because the distribution supports it.

    Why it matters:
        New vulnerabilities are not fixed in this series. The package containerd.io also contains runc.

    How it is fixed:
        Manually: upgrade containerd.io. Running containers continue under their shims.

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
        message=f"support of containerd {found.text} ended on {series.ends}: it gets no more fixes",
        evidence=(
            Evidence(found.source, found.text),
            Evidence("table of lifecycles", f"as of {table.checked}; today is {table.today}"),
        ),
    )
