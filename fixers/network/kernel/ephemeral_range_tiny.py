"""Give connections enough local ports."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles

_DEFAULT = "32768 60999"
_RESERVED = "net.ipv4.ip_local_reserved_ports"


@fixer(applicability=Applicability.SAFE)
def ephemeral_range_tiny(detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set the kernel's default range now, and where a file sets another one; reserved ports are left to a person."""
    if detail.key == _RESERVED:
        found = files.deciders(detail.key) if isinstance(files, SysctlFiles) else ()
        after = "".join(f"; correct {setter.place}, or it is set again {program.when}" for program, setter in found)
        yield Advise(text=f"sysctl -w {_RESERVED}={after}")
        return
    yield SetSysctl(key=detail.key, value=_DEFAULT)
    if isinstance(files, SysctlFiles) and files.deciders(detail.key):
        yield from persist_sysctl(detail.key, _DEFAULT, files)
