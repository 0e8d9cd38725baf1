"""Advise which kernel option a namespace needs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise

_OPTIONS = {
    "mnt": "NAMESPACES",
    "uts": "UTS_NS",
    "ipc": "IPC_NS",
    "pid": "PID_NS",
    "net": "NET_NS",
    "user": "USER_NS",
    "cgroup": "CGROUPS",
}


@fixer(applicability=Applicability.MANUAL)
def missing(finding: Finding) -> Iterator[Action]:
    """Show the option; distributions' kernels have it, so this kernel was built by a user."""
    option = _OPTIONS.get(finding.subject.name, "NAMESPACES")
    yield Advise(
        text=f"grep {option} /boot/config-$(uname -r) shows how this kernel was built; boot a kernel with CONFIG_{option}, which"
        " every distribution's standard kernel has"
    )
