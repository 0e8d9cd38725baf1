"""Ask whether bridge ports stay isolated from each other."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import PortsIsolated


@fixer(applicability=Applicability.DISRUPTIVE)
def bridge_port_isolated(detail: PortsIsolated) -> Iterator[Action]:
    """No engine isolates ports, so somebody did, perhaps on purpose: ports that are closed now would open."""
    changes = tuple(
        ChangeLink(
            do=("brport", "set", {"dev": port, "isolated": 0}),
            undo=("brport", "set", {"dev": port, "isolated": 1}),
            what=f"let port {port} reach the other isolated ports of its bridge",
        )
        for port in detail.ports
    )
    says = "the containers reach each other at once, until somebody isolates the ports again"
    yield Choose(
        question=f"whether the ports {', '.join(detail.ports[:4])} stay isolated",
        options=(
            Choosable(name="join", evidence=(Evidence("join", says),), actions=changes),
            Choosable(name="leave", evidence=(Evidence("leave", "the containers stay apart"),), actions=()),
        ),
    )
