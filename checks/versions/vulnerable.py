"""The engine, containerd or runc has a known vulnerability."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import Hole
from doctor.facts.engine.vulnerabilities import Component, ComponentExposure, ComponentHole


@check(
    severity=Severity.ERROR,
    security=True,
    detail=Hole,
    ok="no vulnerability of the table is certain for engine, containerd and runc",
)
def vulnerable(exposure: ComponentExposure) -> Iterator[Finding]:
    """The engine, containerd or runc has a release with a known vulnerability that lets a container act on the host.

    What it looks at:
        The versions that the running engine reports, otherwise those of the packages, against a table of fixed releases (the
        finding shows its date). Docker's packages use upstream's version numbers. A distribution may backport a fix to an old
        version: versions/possibly-vulnerable reports these. Vulnerabilities of features that are not used here (authorization
        plugins, Swarm, userns-remap, firewalld, internal networks, CRI) are not reported. The version of containerd.io does not
        show the version of runc in it.

    Why it matters:
        The message describes what an attacker can do. Most attacks need only a container or an image of the attacker.

    How it is fixed:
        Manually: upgrade the package of the component.

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
