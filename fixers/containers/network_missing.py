"""Ask whether to recreate a network."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Evidence, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.needs import LostNetwork
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.network.remains import NetworkRemains
from doctor.facts.network.traces import NetworkTraces
from doctor.rebuild.network.restore import AddRecords, restored_by_name, restored_network


@fixer(applicability=Applicability.DISRUPTIVE)
def network_missing(
    detail: LostNetwork,
    database: NetworkDatabase,
    containers: Containers,
    remains: NetworkRemains,
    traces: NetworkTraces | Missing,
) -> Iterator[Action]:
    """Offer to recreate the network's records; without any, show how to connect the containers to another network."""
    found = traces if isinstance(traces, NetworkTraces) else NetworkTraces()
    made = (
        restored_network(remains, database, containers, detail.identity, found)
        if detail.identity
        else restored_by_name(remains, database, containers, detail.name, found)
    )
    names = ", ".join(one.title for identity in detail.containers if (one := containers.get(identity)) is not None)
    by_hand = f"docker network disconnect -f {quote(detail.name)} CONTAINER; docker network connect NAME CONTAINER, for each of its containers: {names}"
    if not made.records:
        yield Advise(text=f"{made.origin}: connect its containers to another network: {by_hand}")
        return
    action = EditFile(
        path=database.file.path,
        edit=AddRecords(records=made.records),
        what=f"add network {detail.name} to the network database: {made.origin}",
        risk=Applicability.DISRUPTIVE,
        stage=Stage.DATABASES,
    )
    yield Choose(
        question=f"whether to recreate network {detail.name} (if it was removed on purpose: {by_hand})",
        options=(
            Choosable(
                name="back",
                evidence=(Evidence("its containers", names), Evidence("its record", made.origin)),
                actions=(action,),
            ),
        ),
    )
