"""A package of the engine, containerd or runc is half installed or on hold."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.host.packages import Packages


@check(
    severity=Severity.ERROR,
    ok="the engine's packages are completely installed",
    messages=(
        Message(
            pattern=r"the package is considered unconfigured by dpkg|dpkg: error processing package (?:docker|containerd|moby)\S* .*|Sub-process \S*dpkg returned an error code \(1\)|installed (?:docker|containerd)\S* package post-installation script subprocess returned error.*|subprocess installed post-installation script returned error exit status \d+",
            example="the daemon is not restarted, and the package is considered unconfigured by dpkg",
            means="the package's installation stopped half-way, usually because the engine did not start",
            do="see 'journalctl -b -u docker -u containerd', resolve the reason why the engine does not start, then 'dpkg --configure -a'",
            also=("engine/start-failure",),
        ),
    ),
)
def held_or_half_installed(packages: Packages) -> Iterator[Finding]:
    """A package of the engine, containerd or runc is not completely installed, or is on hold.

    What it looks at:
        The status of the engine's packages in dpkg's database: "half-installed", "unpacked", "half-configured" and
        "triggers-…" are errors; "hold" is a remark.

    Why it matters:
        After an interrupted upgrade, old and new programs are mixed, or programs are missing: the engine may fail at its next
        start. A package on hold gets no security updates.

    How it is fixed:
        Manually: "dpkg --configure -a" completes the interrupted upgrade. It may restart the engine.

    References:
        https://man7.org/linux/man-pages/man1/dpkg.1.html
    """
    for package in packages.items:
        words = package.status.split()
        state = words[-1] if words else ""
        if state in {"half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}:
            yield Finding(
                subject=Subject("package", package.name),
                message=f"package {package.name} is {state}: an upgrade was interrupted, and the engine may not start again",
                evidence=(Evidence("/var/lib/dpkg/status", f"{package.name} {package.version}: {package.status}"),),
            )
        elif words[:1] == ["hold"] and state == "installed":
            yield Finding(
                subject=Subject("package", package.name),
                message=f"package {package.name} is on hold: it gets no security updates",
                evidence=(Evidence("/var/lib/dpkg/status", f"{package.name} {package.version}: {package.status}"),),
                severity=Severity.INFO,
            )
