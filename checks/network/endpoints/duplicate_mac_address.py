"""Two containers on one network have the same MAC address."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import MacTwice
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.model.text import named

_NONE = frozenset({"", "00:00:00:00:00:00"})


@check(
    severity=Severity.ERROR,
    detail=MacTwice,
    breaks=("egress", "port", "dns"),
    ends=("wrong-mac",),
    ok="no two running containers of a network have the same MAC address",
)
def duplicate_mac_address(endpoints: PathEndpoints) -> Iterator[Finding]:
    """Running containers on one network have the same MAC address, so all but one of them receive nothing.

    What it looks at:
        The MAC address of each running container's interface on a bridge, as the kernel has it. Interfaces that are down, and
        equal addresses on different bridges, are left out, as is an address that the engine did not give: the check
        network/container-interface-changed reports it.

    Why it matters:
        A bridge sends the packets of a MAC address to the port that it saw the address at last. Answers to the other containers go
        to that one too: their connections time out, and which container works changes with each packet that one of them sends.

    How it is fixed:
        The commands that make room for a new container are shown, for the one that started last. Usually `--mac-address` or
        `mac_address:` was copied with the rest of a command or a Compose file; without it the engine chooses an address that is free.

    References:
        https://docs.docker.com/reference/cli/docker/container/run/
    """
    groups: dict[tuple[int, str], dict[int, PathEndpoint]] = {}
    for one in endpoints.items:
        inner, outer, bridge = one.inner, one.outer, one.bridge
        if inner is None or outer is None or bridge is None or outer.master != bridge.index:
            continue
        if one.mac and one.mac != inner.mac and not one.is_free:
            continue  # network/container-interface-changed reports it, and doctor sets the engine's address again
        if inner.is_up and outer.is_up and inner.mac not in _NONE:
            groups.setdefault((bridge.index, inner.mac), {})[outer.index] = one
    for (_, mac), found in groups.items():
        if len(found) < 2:
            continue
        ends = tuple(found.values())
        names = tuple(one.name for one in ends)
        yield Finding(
            subject=Subject("container", names[-1]),
            message=(
                f"{named('container', names)} have the same MAC address {mac} on network {ends[-1].network.name}: "
                "the network sends the packets of all of them to one, and the others receive nothing"
            ),
            evidence=tuple(
                Evidence(f"interface {one.inner.name} of {one.name}", f"link/ether {mac}, on bridge {one.bridge.name}")
                for one in ends
                if one.inner and one.bridge
            ),
            detail=MacTwice(container=names[-1]),
        )
