"""Make bridged packets pass the firewall."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import LoadModule, SetSysctl, load_at_boot
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.network.details import BridgeNfOff

_MODULE = "br_netfilter"


@fixer(applicability=Applicability.SAFE)
def bridge_nf_off(detail: BridgeNfOff, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Load the module and set the key, now and for the next boot."""
    key = detail.key
    if detail.needs_module:
        yield LoadModule(name=_MODULE)
    yield SetSysctl(key=key, value="1")
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(key, "1", files)
        yield load_at_boot(_MODULE)
