"""Name the policy package that fits the runtime."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System
from doctor.facts.security.selinux import Selinux


@fixer(applicability=Applicability.MANUAL)
def selinux_denies_runtime(selinux: Selinux, system: System | Missing) -> Iterator[Action]:
    """Advise: doctor changes no policy."""
    what = (
        install(system, "container-selinux")
        if selinux.has_container_module is False
        else "dnf upgrade container-selinux (with runc or containerd.io from the same repository)"
    )
    yield Advise(
        text=f"{what}, then systemctl restart docker; ausearch -m avc -ts recent shows whether it is still refused"
    )
