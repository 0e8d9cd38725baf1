"""Delete unused interfaces of a bridge."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import StaleVeths
from doctor.facts.network.loose_veths import LoosePair


@fixer(applicability=Applicability.SAFE)
def veth_stale(detail: StaleVeths) -> Iterator[Action]:
    """Delete the pairs that are surely unused; show how to find out about the others."""
    for pair in detail.pairs:
        if pair.in_use:
            yield Advise(text=f"{pair.in_use}: if nothing needs it, ip link delete {quote(pair.inner)}")
        else:
            yield _delete(pair)
    if detail.lost:
        name = detail.lost[0]
        yield Advise(
            text=(
                f"find what has the other ends (ip -d link show {quote(name)} shows the namespace, lsns -t net its processes); "
                f"if nothing needs them: ip link delete {quote(name)}, likewise the others"
            )
        )


def _delete(pair: LoosePair) -> ChangeLink:
    """Delete a pair by the name of its inner end: if a container gets that end meanwhile, the host has no such interface."""
    back: dict[str, str | int] = {
        "dev": pair.outer,
        "kind": "veth",
        "peer": pair.inner,
        "number": pair.outer_index,
        "peer_number": pair.inner_index,
        "mtu": pair.mtu,
        "master": pair.bridge,
    }
    return ChangeLink(
        do=("link", "del", {"dev": pair.inner}),
        undo=("link", "add", {**back, "state": "up"} if pair.is_up else back),
        what=f"delete the unused interfaces {pair.outer} and {pair.inner}",
    )
