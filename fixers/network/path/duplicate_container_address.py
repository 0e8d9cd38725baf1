"""Remove a foreign address."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import ask_about_address
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.path.details import AddressTwice


@fixer(applicability=Applicability.SAFE)
def duplicate_container_address(detail: AddressTwice, record: HealthyNetwork | Missing) -> Iterator[Action]:
    """Remove it where nobody can need it, ask about one of the host that the last healthy scan did not see; else show the command."""
    if not (detail.is_removable or detail.container) and not isinstance(record, Missing):
        address = detail.address.partition("/")[0]
        if all(one.address != address for one in record.namespace.addresses):
            yield ask_about_address(detail.device, detail.kernels, taken=detail.takes)
            return
    if not detail.is_removable:
        yield Advise(text=_commands(detail))
        return
    request: dict[str, str | int] = {"dev": detail.device, "address": detail.address}
    yield ChangeLink(
        do=("addr", "del", request),
        undo=("addr", "add", request | detail.kernels.attributes),
        pid=detail.pid,
        inode=detail.inode,
        what=f"remove the address {detail.address} from {detail.device}",
    )


def _commands(detail: AddressTwice) -> str:
    if detail.takes and detail.container:
        return f"docker restart {detail.container}"
    inside = f"nsenter --net=/proc/{detail.pid}/ns/net " if detail.pid else ""
    takes = [one.text for one in detail.takes]
    back = "".join(f"; ip addr add {address} brd + dev {quote(detail.device)}" for address in takes)
    more = f" (the kernel removes {', '.join(takes)} with it)" if takes else ""
    return f"{inside}ip addr del {detail.address} dev {quote(detail.device)}{back}{more}"
