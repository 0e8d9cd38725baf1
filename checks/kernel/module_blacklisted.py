"""A line in modprobe.d prevents loading of a module that containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.kernel.details import Forbidden
from doctor.facts.kernel.features import KernelNeeds
from doctor.facts.kernel.modules import ModuleRule, Modules


@check(
    severity=Severity.ERROR,
    detail=Forbidden,
    breaks=("storage", "egress", "port"),
    ok="no module that containers need is forbidden",
)
def module_blacklisted(needs: KernelNeeds, modules: Modules) -> Iterator[Finding]:
    """A modprobe.d line or kernel.modules_disabled forbids a kernel module that containers need.

    What it looks at:
        "install NAME /bin/false" and "blacklist NAME" in modprobe.d (/etc, /run, /usr/lib), and kernel.modules_disabled, for
        modules that containers need and that are neither loaded nor built in, and for those that they need in turn.

    Why it matters:
        An install line blocks even an explicit "modprobe". A blacklist line blocks only loading by alias (mounting a file
        system, opening a protocol), so it is a warning. modules_disabled is in force until the next boot.

    How it is fixed:
        A line in /etc is commented out and the module is loaded. If the line turns IPv6 off, "options ipv6 disable=1" replaces it:
        bridge needs that module, but IPv6 stays off. For a package's file and for modules_disabled, doctor only
        advises.

    References:
        https://man7.org/linux/man-pages/man5/modprobe.d.5.html
    """
    for judged in needs.judged:
        feature = judged.feature
        names = [name for name in feature.modules if name in modules.loadable]
        if judged.state == "forbidden":
            rule = modules.forbidding(names[0])
            yield _finding(names[0], feature.consequence, judged.evidence, rule, None)
        elif judged.state == "loadable":
            rule = modules.blacklisting(names[0])
            if rule is not None and all(modules.blacklisting(name) is not None for name in names):
                yield _finding(names[0], feature.consequence, f"{rule.path}:{rule.line}", rule, Severity.WARNING)


def _finding(module: str, consequence: str, where: str, rule: ModuleRule | None, severity: Severity | None) -> Finding:
    line = "modules_disabled" if rule is None else f"{rule.kind} {rule.module} {rule.rest}".rstrip()
    named = module if rule is None else rule.module
    what = "it" if named == module else f"{named}, which it needs"
    return Finding(
        subject=Subject("module", module),
        message=f"module {module} is not loaded, and '{line}' forbids loading {what}: {consequence}",
        evidence=(Evidence(where, line), Evidence("/proc/modules", f"{module} is not loaded")),
        detail=Forbidden(
            module=module,
            named=named,
            file=HostPath("" if rule is None else rule.path),
            line=0 if rule is None else rule.line,
            kind="" if rule is None else rule.kind,
        ),
        severity=severity,
    )
