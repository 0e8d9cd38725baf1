"""Advise how to free the VXLAN port."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.swarm import PortHolder


@fixer(applicability=Applicability.MANUAL)
def vxlan_port_in_use(detail: PortHolder) -> Iterator[Action]:
    """Show what to stop: doctor ends no program that somebody else runs."""
    if detail.pid:
        yield Advise(
            text=f"stop {detail.owner} (process {detail.pid}) or give it another port, then: systemctl restart docker"
        )
    else:
        yield Advise(
            text=f"give the tunnels of Open vSwitch another port (ovs-vsctl set interface NAME options:dst_port=8472), or create the swarm with docker swarm init --data-path-port 7777 instead of {detail.port}; then: systemctl restart docker"
        )
