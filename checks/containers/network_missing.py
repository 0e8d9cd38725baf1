"""A container names a network that the engine has not got."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.needs import LostNetwork, lost_networks, severity_of, titles
from doctor.facts.databases.databases import NetworkDatabase
from doctor.rebuild.network.restore import rolled_networks


@check(
    severity=Severity.WARNING,
    detail=LostNetwork,
    causes=("state/network-db-corrupt", "state/network-db-missing"),
    ok="each container's networks are there",
)
def network_missing(database: NetworkDatabase, containers: Containers, config: EngineConfig) -> Iterator[Finding]:
    """A container names a network that the engine has not got, so its next start fails.

    What it looks at:
        The networks in each ``config.v2.json``, of stopped containers too, against a whole ``network/files/local-kv.db``: by id
        where the container ran, else by name. The engine's own networks and those of a swarm are left out. A network that was
        certainly lost is state/network-missing.

    Why it matters:
        ``docker start`` fails with "network … not found", and so does the start by a restart policy. A new network of the same
        name does not help a container that ran. ``docker network rm`` and ``prune`` allow it while the containers are stopped.

    How it is fixed:
        doctor asks: the network comes back with its id, from a record that is left or from what its containers and the host
        record, or it was removed on purpose and the container is connected to another one by hand.

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
            message=f"the next start of {titles(users)} fails: network {name} does not exist",
            evidence=(
                Evidence(database.file.path, f"has no network {identity[:12] or name}"),
                Evidence("containers that name it", titles(users)),
            ),
            severity=severity_of(users),
            detail=LostNetwork(identity=identity, name=name, containers=tuple(one.id for one in users)),
        )
