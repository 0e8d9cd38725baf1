"""Remove the record of a network that does not exist."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.engines.docker import places as docker
from doctor.facts.network.details import OrphanRecords
from doctor.facts.network.flaws import NetworkFlaws
from doctor.rebuild.network.mend import SetRecords


@fixer(applicability=Applicability.SAFE)
def bridge_record_orphan(detail: OrphanRecords, flaws: NetworkFlaws) -> Iterator[Action]:
    """Drop it; the engine creates the default network with a new record."""
    yield EditFile(
        path=flaws.path,
        edit=SetRecords(bucket=docker.NETWORK_BUCKET.encode(), changes=dict.fromkeys(detail.keys, b"")),
        what="remove the record of bridge docker0, whose network does not exist, from the network database",
        stage=Stage.DATABASES,
    )
