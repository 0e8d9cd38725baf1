"""Show how to get the table raw, or how to do without."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.firewall.variants import FirewallVariants
from doctor.facts.host.packages import System
from doctor.facts.kernel.features import KernelNeeds, install_modules


@fixer(applicability=Applicability.MANUAL)
def raw_table_missing(
    variants: FirewallVariants, needs: KernelNeeds | Missing, system: System | Missing
) -> Iterator[Action]:
    """Advise: a change of the variant leaves the rules of others behind, and the engine's variable opens containers."""
    if variants.other.is_able:
        yield Advise(
            text="stop docker, save the rules of iptables-legacy-save, then ln -sf /usr/sbin/iptables-nft"
            " /etc/alternatives/iptables (likewise -save and -restore) and systemctl start docker; or set DOCKER_INSECURE_NO_IPTABLES_RAW=1 for docker.service, which opens containers to"
            " direct access from the local network"
        )
        return
    yield Advise(
        text=f"{install_modules(system, needs)}, then modprobe iptable_raw; or set DOCKER_INSECURE_NO_IPTABLES_RAW=1 for"
        " docker.service, which opens containers to direct access from the local network"
    )
