"""A package of the engine's world is half installed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.packages import Packages


@check(severity=Severity.ERROR, ok="the engine's packages are wholly installed")
def held_or_half_installed(packages: Packages) -> Iterator[Finding]:
    """A package of the engine, containerd or runc is unpacked but not configured, or kept from updates.

    What it looks at:
        The status of the engine's packages in dpkg's database: "half-installed", "unpacked", "half-configured" and
        "triggers-…" are errors; "hold" is a remark.

    Why it matters:
        An upgrade that was interrupted leaves new programs beside old ones, or none: the engine fails at the next start. A
        held package gets no security updates.

    How it is fixed:
        "dpkg --configure -a" ends the interrupted upgrade; it may restart the engine.

    References:
        https://man7.org/linux/man-pages/man1/dpkg.1.html
    """
    for package in packages.items:
        words = package.status.split()
        state = words[-1] if words else ""
        if state in {"half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}:
            yield Finding(
                subject=Subject("package", package.name),
                message=f"the package {package.name} is {state}: an upgrade was interrupted, and the engine may not start again",
                evidence=(Evidence("/var/lib/dpkg/status", f"{package.name} {package.version}: {package.status}"),),
            )
        elif words[:1] == ["hold"] and state == "installed":
            yield Finding(
                subject=Subject("package", package.name),
                message=f"the package {package.name} is on hold and gets no updates",
                evidence=(Evidence("/var/lib/dpkg/status", f"{package.name} {package.version}: {package.status}"),),
                severity=Severity.INFO,
            )
