"""Advise what to do about a swarm node that does not work."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.swarm_state import SwarmNode


@fixer(applicability=Applicability.MANUAL)
def swarm_node_error(detail: SwarmNode) -> Iterator[Action]:
    """Show the command for its state; the managers' hosts have to be looked at too."""
    if detail.state == "locked":
        yield Advise(text="docker swarm unlock; another manager shows the key with 'docker swarm unlock-key'")
    elif detail.has_no_quorum or (detail.state == "pending" and detail.is_manager):
        yield Advise(
            text="systemctl start docker on the other managers' hosts, and open TCP 2377 between them; if they are lost for good:"
            " docker swarm init --force-new-cluster"
        )
    else:
        do = detail.explained.best.message.do if detail.explained is not None else ""
        yield Advise(text="; ".join(filter(None, (do, "journalctl -u docker -g swarm shows the engine's messages"))))
