"""Ask whether a fixed neighbour entry is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.own.details import NeighbourFixed


@fixer(applicability=Applicability.SAFE)
def next_hop_fixed(detail: NeighbourFixed) -> Iterator[Action]:
    """Somebody fixed it: perhaps for a new gateway, perhaps by mistake."""
    entry = detail.entry
    request: dict[str, str | int] = {
        "dev": detail.device,
        "dst": entry.address,
        "lladdr": entry.mac,
        "state": entry.state,
        "family": 2 if entry.version == 4 else 10,
    }
    delete = ChangeLink(
        do=("neigh", "del", request),
        undo=("neigh", "add", request),
        what=f"delete the fixed neighbour entry of {entry.address} on {detail.device}",
    )
    yield Choose(
        question=f"whether the neighbour entry of {entry.address} on {detail.device} stays fixed",
        options=(
            Choosable(
                name="delete",
                evidence=(
                    Evidence("last healthy scan", f"the gateway had {detail.mac}"),
                    Evidence(
                        "delete", "the kernel asks the network for the MAC address; an undo fixes the entry again"
                    ),
                ),
                actions=(delete,),
            ),
            Choosable(
                name="keep",
                evidence=(Evidence("ip neigh", f"somebody fixed it to {entry.mac}; nothing is changed"),),
                actions=(),
            ),
        ),
    )
