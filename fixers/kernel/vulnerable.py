"""Say which package closes the hole, in the vendor's terms."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.packages import System
from doctor.facts.kernel.details import OpenHole
from doctor.facts.kernel.kernel import Kernel


@fixer(applicability=Applicability.MANUAL)
def vulnerable(detail: OpenHole, kernel: Kernel, system: System | Missing) -> Iterator[Action]:
    """Name the update, and where the vendor says whether it has the fix."""
    first = detail.ids[0]
    vendor = kernel.vendor or (system.os.id if isinstance(system, System) else "")
    if vendor == "ubuntu":
        way = f"apt-get install linux-generic, then reboot; https://ubuntu.com/security/{first} names the fixed package"
    elif vendor == "debian":
        way = (
            f"apt-get install linux-image-amd64, then reboot; "
            f"https://security-tracker.debian.org/tracker/{first} names the fixed package"
        )
    elif vendor in {"rhel", "fedora", "oracle", "amazon", "centos", "rocky", "almalinux"}:
        way = (
            f"dnf upgrade kernel, then reboot; 'rpm -q --changelog kernel | grep {first}' shows whether it has the fix"
        )
    elif vendor == "suse":
        way = f"zypper patch, then reboot; https://www.suse.com/security/cve/{first}.html names the fixed package"
    else:
        way = f"uname -r shows the running kernel: install one of its series that has the fix ({detail.fixed_in}), then reboot"
    yield Advise(text=way)
