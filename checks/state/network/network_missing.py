"""A network that containers are in is missing from a whole database."""

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
    ok="the network database has every network that a container ran in",
)
def network_missing(
    database: NetworkDatabase,
    containers: Containers,
    config: EngineConfig,
    state: EngineState | Missing,
    flaws: NetworkFlaws | Missing,
) -> Iterator[Finding]:
    """The network database lacks a network that a container ran in, so that container does not start.

    What it looks at:
        The network ids in ``config.v2.json`` against ``network/files/local-kv.db``, where that can be
        opened. A network that only stopped containers name was removed on purpose, and nothing is said. One that a container ran
        in can't be removed: the database is older than the container's file. That is judged while the engine is down. After a
        start on it, a failed start of a container that was never stopped by hand is left to tell. Networks of a ``cluster-store``
        (before 23.0) and of a swarm are kept elsewhere.

    Why it matters:
        The file was rolled back: by a file system check, a snapshot, a restored backup, or a torn meta page of which bolt takes the
        other without a word. It is clean and wrong: the engine starts, the network is not there and its containers fail with
        "network … not found".

    How it is fixed:
        The network's own record is taken from a page that the file no longer uses or from doctor's metadata backup, else put
        together from its containers, with its own id, subnet and gateway, and added to what the database has. Where only a failed
        start tells of it, doctor asks.

    References:
        https://github.com/moby/moby/issues/17217
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    if database.file.status != "ok" or database.gaps or config.get("cluster-store"):
        return
    is_up = isinstance(state, EngineState) and state.pid
    for network in rolled_networks(database, containers):
        # A living engine may have made both between the reads of the two files.
        if is_up and not network.doubt:
            continue
        # Its record is there and damaged: that is another finding.
        if isinstance(flaws, NetworkFlaws) and flaws.is_about(network.identity):
            continue
        who = ", ".join(network.containers[:6])
        yield Finding(
            subject=Subject("network", network.name),
            message=f"{who} can't start: network {network.name} is missing from the network database",
            evidence=(
                Evidence(database.file.path, f"has no network {network.identity[:12]}"),
                Evidence("config.v2.json of its containers", network.proof or network.doubt),
            ),
            detail=network,
        )
