"""A setting forbids user namespaces to a user who has an engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.security.rootless import RootlessEngines

_PROFILE = "kernel.apparmor_restrict_unprivileged_userns"


@check(
    severity=Severity.ERROR,
    ok="no setting keeps an ordinary user's engine from starting",
    messages=(
        Message(
            pattern=r"\[rootlesskit:parent *\] error: failed to start the child: fork/exec \S+: (?:operation not permitted|no space left on device|permission denied)|(?:rootlesskit: )?failed to start the child: fork/exec /proc/self/exe: (?:operation not permitted|no space left on device|permission denied)",
            example="[rootlesskit:parent] error: failed to start the child: fork/exec /proc/self/exe: operation not permitted",
            means="the kernel forbids user namespaces to ordinary users, so an engine of a user (rootless) can't start",
            do="see 'sysctl user.max_user_namespaces kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns': the first may not be 0, the second has to be 1, the third needs an AppArmor profile for rootlesskit",
            also=("namespaces/limit-zero", "namespaces/subid"),
            apart="which of the three settings exists and forbids it",
        ),
    ),
)
def rootless_forbidden(engines: RootlessEngines) -> Iterator[Finding]:
    """The kernel forbids user namespaces to ordinary users, so an engine that a user has set up can't start.

    What it looks at:
        user.max_user_namespaces = 0, kernel.unprivileged_userns_clone = 0, or kernel.apparmor_restrict_unprivileged_userns = 1
        without a loaded profile for rootlesskit. Only then: ~/.config/systemd/user/docker.service of each user, and whether
        the user has a process of rootlesskit.

    Why it matters:
        rootlesskit fails with "operation not permitted" or "no space left on device", and the user's engine does not start.
        Hardening packages set the first two; Ubuntu sets the third since 24.04.

    How it is fixed:
        Manually: the setting is a protection of this host. The advice shows the smallest exception.

    References:
        https://docs.docker.com/engine/security/rootless/troubleshoot/
        https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces
    """
    for engine in engines.items:
        if engine.is_running:
            continue
        without = " and no AppArmor profile for rootlesskit is loaded" if engines.key == _PROFILE else ""
        yield Finding(
            subject=Subject("user", engine.user),
            message=f"{engines.key} is {engines.value}{without}: the engine of user {engine.user} (rootless) can't start",
            severity=None if engine.is_enabled else Severity.WARNING,
            evidence=(
                Evidence(f"/proc/sys/{engines.key.replace('.', '/')}", engines.value),
                Evidence(engine.unit, "enabled" if engine.is_enabled else "not enabled"),
            ),
        )
