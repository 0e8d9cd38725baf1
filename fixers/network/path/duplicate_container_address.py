"""Remove a foreign address."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import AddressTwice


@fixer(applicability=Applicability.SAFE)
def duplicate_container_address(detail: AddressTwice) -> Iterator[Action]:
    """Remove it where nobody can need it; else show the command."""
    if not detail.is_removable:
        where = f"{detail.address} dev {detail.device}"
        if detail.pid:
            yield Advise(text=f"nsenter --net=/proc/{detail.pid}/ns/net ip addr del {where}")
        else:
            yield Advise(text=f"ip addr del {where}")
        return
    request: dict[str, str | int] = {"dev": detail.device, "address": detail.address}
    yield ChangeLink(
        do=("addr", "del", request),
        undo=("addr", "add", request),
        pid=detail.pid,
        inode=detail.inode,
        what=f"remove the address {detail.address} from {detail.device}",
    )
