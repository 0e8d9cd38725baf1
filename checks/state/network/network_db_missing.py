"""The network database is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.lists import KeptNetworks
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.details import OfFile
from doctor.facts.network.needs import missing_networks


@check(severity=Severity.ERROR, detail=OfFile, ok="the network database is there")
def network_db_missing(
    database: NetworkDatabase, containers: Containers, kept: KeptNetworks | Missing
) -> Iterator[Finding]:
    """The network database is gone or empty, so user networks are lost and the containers in them don't start.

    What it looks at:
        Whether ``network/files/local-kv.db`` is missing or has no bytes
        while containers are in networks that the engine does not make itself, or doctor's metadata backup has some. A network that is only missing from a whole
        database was removed on purpose, and nothing is said.

    Why it matters:
        The engine starts without a word and makes only its three built-in networks. Containers name their network by id, so
        a new network of the same name does not help them: "network … not found".

    How it is fixed:
        The networks are written as doctor's metadata backup has them, else put together as for
        state/network-db-corrupt: proven where something records them, else assumed and marked so. Do it before the containers are connected
        to other networks by hand.

    References:
        https://github.com/moby/moby/issues/39450
    """
    missing = missing_networks(database, containers)
    known = kept.names if isinstance(kept, KeptNetworks) else {}
    missing = {**known, **missing}
    if not missing or not database.file.is_lost:
        return
    names = ", ".join(sorted(missing.values()))
    yield Finding(
        subject=Subject("file", database.file.path),
        message=f"user networks are lost ({names}), and containers in them don't start: the network database is "
        + ("empty" if database.file.status == "empty" else "gone"),
        evidence=(
            Evidence(database.file.path, "no bytes" if database.file.status == "empty" else "no such file"),
            *(Evidence(f"network {name}", identity) for identity, name in list(missing.items())[:6]),
        ),
        detail=OfFile(path=database.file.path),
    )
