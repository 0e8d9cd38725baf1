"""Advise how a node gets a valid certificate."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.swarm_state import SwarmCertificate


@fixer(applicability=Applicability.MANUAL)
def swarm_cert_expired(detail: SwarmCertificate) -> Iterator[Action]:
    """Show the way for each kind of node: only the user knows whether other managers exist."""
    if detail.is_early:
        yield Advise(text="timedatectl set-ntp true (or set the clock by hand), then systemctl restart docker")
        return
    directory = detail.path.rpartition("/certificates/")[0]
    yield Advise(
        text=f"cp -a {directory} {directory}.bak first. If another manager runs: docker swarm leave --force here, 'docker node rm' of"
        f" this node there, and join again with 'docker swarm join-token'. On the only manager, which must not leave: systemctl stop"
        f" docker.socket docker; timedatectl set-ntp false; date -s {detail.day_before}; systemctl start docker; wait until 'docker node ls'"
        " works, which renews the certificate; timedatectl set-ntp true"
    )
