"""Advise which of two overlapping networks to remove."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.details import NetworksOverlap


@fixer(applicability=Applicability.MANUAL)
def pool_overlap(detail: NetworksOverlap) -> Iterator[Action]:
    """Name the unused network; if both are in use, show how to give one of them another subnet."""
    if detail.unused:
        name = detail.unused[-1]
        yield Advise(
            text=(
                f"docker network rm {quote(name)}, which no container has (create it with another --subnet if it is needed); then "
                "systemctl restart docker, so that the engine allocates the subnet to the other network"
            )
        )
    else:
        one, other = detail.names
        yield Advise(
            text=(
                f"docker network inspect {quote(one)} {quote(other)} shows the containers; remove those of one network, then: "
                f"docker network rm {quote(other)}; docker network create --subnet RANGE {quote(other)} with a free range; systemctl restart docker"
            )
        )
