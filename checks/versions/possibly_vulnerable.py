"""Versions with known vulnerabilities, of vendors that backport fixes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.details import PossibleHoles
from doctor.facts.engine.vulnerabilities import ComponentExposure, Exposed, KernelExposure
from doctor.facts.kernel.kernel import Kernel
from doctor.model.text import plural

_FEW = 3
_Program = tuple[str, tuple[str, ...], tuple[Evidence, ...]]
"""A program with its version, the CVEs, and the evidence."""


@check(
    severity=Severity.INFO,
    security=True,
    detail=PossibleHoles,
    ok="versions and changelogs show for every vulnerability of the table whether it is fixed",
)
def possibly_vulnerable(
    components: ComponentExposure | Missing, exposure: KernelExposure | Missing, kernel: Kernel | Missing
) -> Iterator[Finding]:
    """The kernel, the engine, containerd or runc may have known vulnerabilities, because its vendor backports fixes.

    What it looks at:
        The table of versions/vulnerable and kernel/vulnerable, for programs of a distribution and for kernels that a vendor
        modifies. CVEs that the changelog of the package names are fixed. All others are in this one finding.

    Why it matters:
        The version does not show whether a fix was backported; the vendor's security tracker does.

    How it is fixed:
        Manually: upgrade the named packages. The finding disappears when their changelogs name the fixes.

    References:
        https://security-tracker.debian.org/tracker/
        https://ubuntu.com/security/cves
    """
    unknown = components.unknown if isinstance(components, ComponentExposure) else ()
    programs = [_of_component(one) for one in unknown]
    kernel_ids: tuple[str, ...] = ()
    if isinstance(exposure, KernelExposure) and exposure.unknown and isinstance(kernel, Kernel):
        kernel_ids = tuple(hole.id for hole in exposure.unknown)
        programs.append(_of_kernel(kernel, kernel_ids))
    if not programs:
        return
    checked = next(one.checked for one in (components, exposure) if not isinstance(one, Missing))
    yield Finding(
        subject=Subject("versions", "host"),
        message=_message(programs),
        evidence=(
            *(evidence for _, _, found in programs for evidence in found),
            Evidence("table of vulnerabilities", f"as of {checked}"),
        ),
        detail=PossibleHoles(
            packages=tuple(one.component.package for one in unknown),
            ids=tuple(hole.id for one in unknown for hole in one.holes),
            kernel_ids=kernel_ids,
        ),
    )


def _of_component(exposed: Exposed) -> _Program:
    component, ids = exposed.component, tuple(hole.id for hole in exposed.holes)
    name = f"{component.name} {component.text}"
    return (
        name,
        ids,
        (
            Evidence(component.source, f"{name}: {', '.join(ids)}"),
            Evidence(f"changelog of {component.package}", "does not name them, or is missing"),
        ),
    )


def _of_kernel(kernel: Kernel, ids: tuple[str, ...]) -> _Program:
    return (
        f"kernel {kernel.name}",
        ids,
        (
            Evidence("/proc/sys/kernel/osrelease", f"{kernel.described}: {', '.join(ids)}"),
            Evidence("live patches", ", ".join(kernel.livepatches) or "none"),
        ),
    )


def _message(programs: list[_Program]) -> str:
    """Return one line: the version and the CVEs of one program, else names and a count."""
    names, ids = [name for name, _, _ in programs], [identity for _, found, _ in programs for identity in found]
    holes = ", ".join(ids) if len(ids) <= _FEW else plural(len(ids), "CVE")
    if len(names) == 1:
        return (
            f"{names[0]} may be affected by {holes}: the version does not show whether its vendor backported the fixes"
        )
    *others, last = (name.partition(" ")[0] for name in names)
    return (
        f"{', '.join(others)} and {last} may be affected by {holes}: "
        "their versions do not show whether the fixes were backported"
    )
