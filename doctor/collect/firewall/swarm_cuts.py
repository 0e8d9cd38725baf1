"""Derives which rules drop the packets of other swarm nodes. No I/O."""

from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.swarm_cuts import SwarmCuts
from doctor.facts.network.swarm import SwarmNetwork
from doctor.model.declare import collector


@collector
def swarm_cuts(firewall: Firewall, swarm: SwarmNetwork) -> SwarmCuts:
    """Return the rules; none without another node."""
    if not swarm.peers:
        return SwarmCuts(gaps=firewall.gaps)
    # Evaluating packets takes a dozen modules.
    from doctor.collect.firewall.swarm_walks import cuts_of  # noqa: PLC0415

    return cuts_of(firewall, swarm)
