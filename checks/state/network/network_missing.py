"""A valid network database lacks a network that containers use."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.state import EngineState
from doctor.facts.network.flaws import NetworkFlaws
from doctor.rebuild.network.restore import Rolled, rolled_networks


@check(
    severity=Severity.ERROR,
    detail=Rolled,
    causes=("state/network-db-corrupt", "state/network-db-missing"),
    ok="the network database has each network that containers use",
)
def network_missing(
    database: NetworkDatabase,
    containers: Containers,
    config: EngineConfig,
    state: EngineState | Missing,
    flaws: NetworkFlaws | Missing,
) -> Iterator[Finding]:
    """The network database lacks a network that a container used, so that container does not start.

    What it looks at:
        The network IDs in ``config.v2.json``, compared with ``network/files/local-kv.db``, if that can be opened. If only
        stopped containers name a network, it was removed on purpose and is not reported. A network that a running container
        uses can't be removed: if it is missing, the database is older than the container's file. This is judged only while the
        engine is down. After the engine started on such a database, the only trace is the failed start of a container that was
        never stopped manually. Networks of a ``cluster-store`` (before 23.0) and of a swarm are stored elsewhere.

    Why it matters:
        The file was rolled back: by a file system check, a snapshot, a restored backup, or a corrupt meta page, for which bolt
        silently uses the other one. The file is valid but outdated: the engine starts without the network, and its containers
        fail with "network … not found".

    How it is fixed:
        The network's own record is taken from an unused page of the file or from doctor's metadata backup. Otherwise it is
        rebuilt from its containers, with its own ID, subnet and gateway. It is added to the database. If only a failed start
        points to the loss, doctor asks.

    References:
        https://github.com/moby/moby/issues/17217
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    if database.file.status != "ok" or database.gaps or config.get("cluster-store"):
        return
    is_up = isinstance(state, EngineState) and state.pid
    for network in rolled_networks(database, containers):
        # A running engine may have created both between the reads of the two files.
        if is_up and not network.doubt:
            continue
        # A corrupt record is another finding.
        if isinstance(flaws, NetworkFlaws) and flaws.is_about(network.identity):
            continue
        who = ", ".join(network.containers[:6])
        yield Finding(
            subject=Subject("network", network.name),
            message=f"network {network.name} is missing from the network database: {who} can't start",
            evidence=(
                Evidence(database.file.path, f"has no network {network.identity[:12]}"),
                Evidence("config.v2.json of its containers", network.proof or network.doubt),
            ),
            detail=network,
        )
