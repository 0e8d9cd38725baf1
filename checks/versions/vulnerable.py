"""The engine, containerd or runc has a known hole."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import Hole
from doctor.facts.engine.vulnerabilities import Component, ComponentExposure, ComponentHole


@check(severity=Severity.ERROR, detail=Hole, ok="no named hole of engine, containerd or runc is open here")
def vulnerable(exposure: ComponentExposure) -> Iterator[Finding]:
    """The engine, containerd or runc is of a release with a known vulnerability that lets a container act on the host.

    What it looks at:
        Versions as the running engine reports them, else those of the packages, against a table of fixed releases (the finding
        gives its date). Docker's own packages and programs follow upstream's numbers. A distribution's package may carry the
        fix under an old number: versions/possibly-vulnerable judges it. Holes of something that is not in use here (authorization plugins, Swarm, userns-remap, firewalld, internal networks, CRI) are left out. The
        version of containerd.io says nothing of the runc in it.

    Why it matters:
        Each entry says what an attacker gets; most need only a container or an image of theirs.

    How it is fixed:
        By an upgrade of the package that brings the component.

    References:
        https://docs.docker.com/engine/release-notes/
        https://github.com/opencontainers/runc/security/advisories
        https://github.com/containerd/containerd/security/advisories
    """
    for exposed in exposure.affected:
        yield from (_finding(exposed.component, hole, exposure.checked) for hole in exposed.holes)


def _finding(component: Component, hole: ComponentHole, checked: str) -> Finding:
    return Finding(
        subject=Subject("cve", hole.id),
        message=f"{component.name} {component.text} has {hole.id}: {hole.what}",
        evidence=(
            Evidence(component.source, f"{component.name} {component.text}"),
            Evidence("fixed in", hole.fixed_in),
            Evidence("table of vulnerabilities", f"as of {checked}"),
        ),
        detail=Hole(component=component.name, fixed_in=hole.fixed_in),
        severity=Severity.parse(hole.severity),
    )
