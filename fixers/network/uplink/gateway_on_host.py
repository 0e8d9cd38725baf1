"""Ask whether an address of the host is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.own.details import HostAddressAdded
from doctor.facts.path.own.shown_cut import set_by


@fixer(applicability=Applicability.SAFE)
def gateway_on_host(detail: HostAddressAdded) -> Iterator[Action]:
    """One that the last healthy scan did not see may be deleted; of others only the command is shown."""
    address, device = detail.address, detail.device
    if not detail.is_new:
        yield Advise(
            text=f"if the host does not need the address: ip addr del {address.text} dev {device}, and remove it from"
            f" {detail.source or 'the configuration that adds it'}"
        )
        return
    request: dict[str, str | int] = {"dev": device, "address": address.text}
    delete = ChangeLink(
        do=("addr", "del", request),
        undo=("addr", "add", request | address.attributes),
        what=f"delete the address {address.text} from {device}",
    )
    yield Choose(
        question=f"whether the host keeps the address {address.text} of {device}",
        options=(
            Choosable(
                name="delete",
                evidence=(
                    Evidence("last healthy scan", "it was not there, and packets arrived"),
                    *set_by(detail.source),
                ),
                actions=(delete,),
            ),
            Choosable(name="leave", evidence=(Evidence("ip addr", f"{address.text} dev {device}"),), actions=()),
        ),
    )
