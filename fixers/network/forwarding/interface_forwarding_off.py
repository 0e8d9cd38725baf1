"""Turn on IPv4 forwarding for one interface."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def interface_forwarding_off(detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Write 1 to the interface's key, and to a line that sets it to 0 at boot."""
    key = detail.key
    yield SetSysctl(key=key, value="1")
    if isinstance(files, SysctlFiles) and any(setter.value == "0" for _, setter in files.deciders(key)):
        yield from persist_sysctl(key, "1", files)
