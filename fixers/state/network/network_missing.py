"""Restore a network that the database lacks."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Evidence, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.network.remains import NetworkRemains
from doctor.facts.network.traces import NetworkTraces
from doctor.rebuild.network.restore import AddRecords, Rolled, restored_network


@fixer(applicability=Applicability.SAFE)
def network_missing(
    detail: Rolled,
    database: NetworkDatabase,
    containers: Containers,
    remains: NetworkRemains,
    traces: NetworkTraces | Missing,
) -> Iterator[Action]:
    """Add its records if it can't have been removed on purpose; ask if it may have been; otherwise advise."""
    found = traces if isinstance(traces, NetworkTraces) else NetworkTraces()
    made = restored_network(remains, database, containers, detail.identity, found)
    if not made.records:
        yield Advise(
            text=f"{made.origin}: connect each of its containers to another network with docker network disconnect -f "
            f"{quote(detail.name)} CONTAINER and docker network connect NAME CONTAINER"
        )
        return
    action = EditFile(
        path=database.file.path,
        edit=AddRecords(records=made.records),
        what=f"add network {detail.name} to the network database: {made.origin}",
        stage=Stage.DATABASES,
    )
    if detail.proof:
        yield action
        return
    yield Choose(
        question=f"whether network {detail.name} was lost and should be restored, or was removed on purpose",
        options=(
            Choosable(
                name="back",
                evidence=(Evidence("its containers", detail.doubt), Evidence("its record", made.origin)),
                actions=(action,),
            ),
        ),
    )
