"""Write the networks that containers need."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.containers import Containers
from doctor.facts.databases import NetworkDatabase
from doctor.facts.metadata_lists import KeptNetworks
from doctor.facts.network_rebuild import rebuild_networks
from doctor.model.step import File


@fixer(applicability=Applicability.DISRUPTIVE)
def network_db_missing(
    finding: Finding, database: NetworkDatabase, containers: Containers, kept: KeptNetworks | Missing
) -> Iterator[Action]:
    """Write them with their own ids; where nothing tells a subnet, say how to connect the containers anew."""
    rebuilt = rebuild_networks(kept.merged(database) if isinstance(kept, KeptNetworks) else database, containers)
    if rebuilt.lost or not rebuilt.content:
        names = ", ".join(rebuilt.lost)
        yield Advise(
            text=f"create the networks again ({names}) and reconnect their containers: docker network create NAME; docker "
            "network disconnect -f NAME CONTAINER; docker network connect NAME CONTAINER"
        )
        return
    parts = [f"{', '.join(rebuilt.kept)} from the backup of {kept.age} ago"] if isinstance(kept, KeptNetworks) else []
    if rebuilt.inferred:
        parts.append(f"{', '.join(rebuilt.inferred)} as their containers know them, without labels and options")
    yield Rebuild(
        items=(Wanted(path=finding.detail.path, node=File(content=rebuilt.content), mode=0o644),),
        what=f"write the networks {'; '.join(parts)}",
        stage=Stage.DATABASES,
    )
