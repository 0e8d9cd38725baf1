"""Advise which kernel package is new enough."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.packages import System
from doctor.facts.kernel.details import TooOld


@fixer(applicability=Applicability.MANUAL)
def too_old(detail: TooOld, system: System | Missing) -> Iterator[Action]:
    """Show the distribution's command for a newer kernel."""
    needed = detail.needed
    os = system.os if isinstance(system, System) else None
    if os is not None and os.is_like("ubuntu"):
        way = "apt-get install linux-generic-hwe-" + (os.version_id or "$(lsb_release -rs)")
    elif os is not None and os.is_like("debian"):
        way = f"apt-get install linux-image-amd64 (from {os.codename or 'stable'}-backports if it is older)"
    elif os is not None and (os.is_like("rhel") or os.is_like("fedora") or os.is_like("centos")):
        way = "yum update kernel (RHEL and CentOS 7: 3.10.0-514 or newer has what overlay2 needs)"
    else:
        way = "uname -r shows the running kernel: install the distribution's newest one"
    yield Advise(text=f"{way}, then reboot: {detail.component} needs {needed}")
