"""Show the smallest exception for an ordinary user's engine."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.security.rootless import RootlessEngines


@fixer(applicability=Applicability.MANUAL)
def rootless_forbidden(finding: Finding, engines: RootlessEngines, sysctl: Sysctl | Missing) -> Iterator[Action]:
    """Advise: the setting protects this host, and applies to every user."""
    if engines.key == "kernel.apparmor_restrict_unprivileged_userns":
        yield Advise(
            text="the package apparmor of Ubuntu has a profile for /usr/bin/rootlesskit: apparmor_parser -r /etc/apparmor.d/rootlesskit"
            " loads it; for a rootlesskit elsewhere, copy that file, change the path in it, and load the copy"
        )
        return
    threads = None if isinstance(sysctl, Missing) else sysctl.number("kernel.threads-max")
    value = "1" if engines.key.endswith("clone") else str((threads or 30000) // 2)
    yield Advise(
        text=f"sysctl -w {engines.key}={value} and the same line in a file of /etc/sysctl.d allow user namespaces to all users;"
        f" then as {finding.subject.name}: systemctl --user start docker"
    )
