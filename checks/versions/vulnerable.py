"""The engine, containerd or runc has a known hole."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import Hole
from doctor.facts.engine.state import EngineInfo
from doctor.facts.engine.vulnerabilities import Component, ComponentHole, Components, Vulnerabilities
from doctor.facts.host.processes import Processes
from doctor.facts.network.networks import Networks


@check(severity=Severity.ERROR, detail=Hole, ok="no named hole of engine, containerd or runc is open here")
def vulnerable(  # noqa: PLR0917 - facts are passed by annotation
    components: Components,
    table: Vulnerabilities,
    engine: EngineConfig,
    info: EngineInfo | Missing,
    networks: Networks | Missing,
    processes: Processes | Missing,
) -> Iterator[Finding]:
    """The engine, containerd or runc is of a release with a known vulnerability that lets a container act on the host.

    What it looks at:
        Versions as the running engine reports them, else those of the packages, against a table of fixed releases (the finding
        gives its date). Docker's own packages and programs follow upstream's numbers. A distribution's package may carry the
        fix under an old number: CVEs that its changelog names are left out, the rest is one remark. Holes of something that is
        not in use here (authorization plugins, Swarm, userns-remap, firewalld, internal networks, CRI) are left out. The
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
    unused = _unused(engine, info, networks, processes)
    for component in components.items:
        version = component.version
        if version is None:
            continue
        holes = [
            hole
            for hole in table.components
            if hole.component == component.name and hole.has(version) and not unused & set(hole.needs)
        ]
        if component.package:
            left = tuple(hole for hole in holes if hole.id not in component.named_fixes)
            if left:
                yield _unknown(component, left, table.checked)
        else:
            yield from (_finding(component, hole, table.checked) for hole in holes)


def _unused(
    engine: EngineConfig, info: EngineInfo | Missing, networks: Networks | Missing, processes: Processes | Missing
) -> set[str]:
    """Return what holes need and this host does not use, as far as that can be known."""
    unused = set()
    if not engine.get("authorization-plugins"):
        unused.add("authz")
    if not engine.get("userns-remap"):
        unused.add("userns-remap")
    if isinstance(info, EngineInfo) and info.swarm == "inactive":
        unused.add("swarm")
    if isinstance(networks, Networks) and not any(network.internal for network in networks.items):
        unused.add("internal-network")
    if isinstance(processes, Processes):
        if not processes.named("kubelet"):
            unused.add("cri")
        # firewalld is a Python program: its own name is in the arguments of an interpreter.
        if not any("firewalld" in word for process in processes.items for word in process.argv[:3]):
            unused.add("firewalld")
    return unused


def _finding(component: Component, hole: ComponentHole, checked: str) -> Finding:
    return Finding(
        subject=Subject("cve", hole.id),
        message=f"{component.name} {component.text} has {hole.id}: {hole.what}",
        evidence=(
            Evidence(component.source, f"{component.name} {component.text}"),
            Evidence("fixed in", hole.fixed_in),
            Evidence("table of vulnerabilities", f"as of {checked}"),
        ),
        detail=Hole(component=component.name, package="", ids=(hole.id,), fixed_in=hole.fixed_in),
        severity=Severity.parse(hole.severity),
    )


def _unknown(component: Component, holes: tuple[ComponentHole, ...], checked: str) -> Finding:
    ids = tuple(hole.id for hole in holes)
    return Finding(
        subject=Subject("component", component.name),
        message=(
            f"whether {component.name} {component.text} has {', '.join(ids)} can't be judged by its version: "
            "the distribution may have backported the fixes"
        ),
        evidence=(
            Evidence(component.source, f"{component.name} {component.text}"),
            Evidence(f"changelog of {component.package}", "does not name them, or is not there"),
            Evidence("table of vulnerabilities", f"as of {checked}"),
        ),
        detail=Hole(component=component.name, package=component.package, ids=ids, fixed_in=""),
        severity=Severity.INFO,
    )
