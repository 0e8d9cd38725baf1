"""A container uses a network that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.needs import LostNetwork, lost_networks, severity_of, titles
from doctor.facts.databases.databases import NetworkDatabase
from doctor.rebuild.network.restore import rolled_networks


@check(
    severity=Severity.WARNING,
    detail=LostNetwork,
    causes=("state/network-db-corrupt", "state/network-db-missing"),
    ok="each container's networks exist",
    messages=(
        Message(
            pattern=r"network \S+ not found|No such network: \S+",
            example="Error response from daemon: network db-net not found",
            means="the container's network does not exist",
            do="recreate the network, and connect the container again",
            also=("state/network-missing", "state/network-db-missing", "state/network-db-corrupt"),
        ),
    ),
)
def network_missing(database: NetworkDatabase, containers: Containers, config: EngineConfig) -> Iterator[Finding]:
    """A container uses a network that the engine does not have, so its next start fails.

    What it looks at:
        The networks in each ``config.v2.json``, also of stopped containers, against an undamaged ``network/files/local-kv.db``: by
        id if the container ever ran, otherwise by name. The engine's predefined networks and those of a swarm are not checked. A
        network that was certainly lost is reported by state/network-missing.

    Why it matters:
        ``docker start`` fails with "network … not found", and so does a start by the restart policy. A new network with the same
        name does not help a container that ever ran. ``docker network rm`` and ``prune`` can remove a network while its
        containers are stopped.

    How it is fixed:
        ``--choose`` recreates the network with its id, from a remaining record or from the records of its containers and the host.
        If it was removed on purpose, connect the container to another network manually.

    References:
        https://docs.docker.com/reference/cli/docker/network/disconnect/
    """
    if database.file.status != "ok" or database.gaps or config.get("cluster-store"):
        return
    certain = {network.identity for network in rolled_networks(database, containers)}
    for (identity, name), users in sorted(lost_networks(database, containers).items()):
        if identity in certain:
            continue
        yield Finding(
            subject=Subject("network", name if identity == "" else f"{name} {identity[:12]}"),
            message=f"network {name} does not exist: the next start of {titles(users)} fails",
            evidence=(
                Evidence(database.file.path, f"has no network {identity[:12] or name}"),
                Evidence("containers that use it", titles(users)),
            ),
            severity=severity_of(users),
            detail=LostNetwork(identity=identity, name=name, containers=tuple(one.id for one in users)),
        )
