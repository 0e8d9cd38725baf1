"""Show the commands for a policy of IPsec at which packets end."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.path.details import PolicyEnd


@fixer(applicability=Applicability.MANUAL)
def xfrm_policy_ends(detail: PolicyEnd) -> Iterator[Action]:
    """Show how to delete it, or how to look at the tunnel."""
    remove = f"ip xfrm policy delete {detail.policy}"
    if detail.is_block:
        yield Advise(
            text=f"if nobody wants the policy: {remove}; a VPN daemon sets its own again, so change it there too"
        )
    else:
        yield Advise(
            text=f"start the tunnel again, with strongSwan: swanctl --list-sas shows it; if it is not used any more: {remove}"
        )
