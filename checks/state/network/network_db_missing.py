"""The network database is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.lists import KeptNetworks
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.details import OfFile
from doctor.facts.network.needs import missing_networks


@check(severity=Severity.ERROR, detail=OfFile, ok="the network database exists")
def network_db_missing(
    database: NetworkDatabase, containers: Containers, kept: KeptNetworks | Missing
) -> Iterator[Finding]:
    """The network database is missing or empty, so user networks are lost and their containers don't start.

    What it looks at:
        Whether ``network/files/local-kv.db`` is missing or of length 0 while containers use networks that the engine does not
        create itself, or while doctor's metadata backup has such networks. If the database is valid and only a network is
        missing, it was removed on purpose and is not reported.

    Why it matters:
        The engine starts without an error and creates only its three built-in networks. Containers refer to their network by
        ID, so a new network of the same name does not help: "network … not found".

    How it is fixed:
        The networks are restored from doctor's metadata backup, otherwise rebuilt as for state/network-db-corrupt: recorded
        values are proven, others are assumed and marked. Repair this before you connect the containers to other networks.

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
        message=f"the network database is {'empty' if database.file.status == 'empty' else 'missing'}: user networks are lost ({names}), "
        "and their containers don't start",
        evidence=(
            Evidence(database.file.path, "empty file" if database.file.status == "empty" else "no such file"),
            *(Evidence(f"network {name}", identity) for identity, name in list(missing.items())[:6]),
        ),
        detail=OfFile(path=database.file.path),
    )
