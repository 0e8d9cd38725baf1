"""Show how to publish without IPv6, or to boot with it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.facts.kernel.kernel import Kernel


@fixer(applicability=Applicability.MANUAL)
def no_ipv6(finding: Finding, kernel: Kernel | Missing) -> Iterator[Action]:
    """Advise: only a new container has other ports, and the boot option may be somebody's decision."""
    name = finding.subject.name
    boot = (
        "remove ipv6.disable=1 from the boot options and systemctl reboot"
        if isinstance(kernel, Kernel) and kernel.option("ipv6.disable") == "1"
        else "boot with the module ipv6"
    )
    yield Advise(
        text=f"docker inspect -f '{{{{json .HostConfig.PortBindings}}}}' {name} shows its ports; {set_aside(name)}; create {name} again with -p 0.0.0.0:PORT:PORT; or"
        f" {boot}"
    )
