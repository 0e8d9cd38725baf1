"""Write the networks that containers use."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.backup.lists import KeptNetworks
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.details import OfFile
from doctor.facts.network.traces import NetworkTraces
from doctor.model.step import File
from doctor.rebuild.network.records import rebuild_networks


@fixer(applicability=Applicability.DISRUPTIVE)
def network_db_missing(
    detail: OfFile,
    database: NetworkDatabase,
    containers: Containers,
    kept: KeptNetworks | Missing,
    traces: NetworkTraces | Missing,
) -> Iterator[Action]:
    """Write them with their own IDs; otherwise show how to connect their containers to new networks."""
    merged = kept.merged(database) if isinstance(kept, KeptNetworks) else database
    rebuilt = rebuild_networks(merged, containers, traces if isinstance(traces, NetworkTraces) else NetworkTraces())
    parts = [f"{', '.join(rebuilt.kept)} from the backup {kept.age}"] if isinstance(kept, KeptNetworks) else []
    if rebuilt.content:
        yield Rebuild(
            items=(WantedPath(path=detail.path, node=File(content=rebuilt.content), mode=0o644),),
            what=f"recreate the network records: {'; '.join((*parts, *rebuilt.in_words))}",
            stage=Stage.DATABASES,
        )
    else:
        yield Advise(
            text=f"create the networks that can't be restored ({', '.join(rebuilt.lost)}) and reconnect their containers: docker network "
            "create NAME; docker network disconnect -f NAME CONTAINER; docker network connect NAME CONTAINER"
        )
