"""Repair corrupt records in the network database."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import ReplaceRecords
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.details import OfFile
from doctor.facts.network.flaws import NetworkFlaws
from doctor.facts.network.remains import NetworkRemains
from doctor.rebuild.network.mend import SetRecords, mend_records


@fixer(applicability=Applicability.SAFE)
def network_record_corrupt(
    detail: OfFile,
    flaws: NetworkFlaws,
    remains: NetworkRemains,
    database: NetworkDatabase,
    containers: Containers | Missing,
) -> Iterator[Action]:
    """Flip the bit back, or write the record from other sources; drop records that the engine creates itself."""
    if flaws.flawed[0].kind == "bucket":
        pairs = tuple((one.key, one.kept) for one in flaws.flawed)
        what = "correct one flipped bit in the name of the networks' bucket"
        yield EditFile(path=detail.path, edit=ReplaceRecords(pairs=pairs), what=what, stage=Stage.DATABASES)
        return
    found = containers if isinstance(containers, Containers) else Containers()
    mended = mend_records(flaws, remains, database, found)
    if mended.changes:
        yield EditFile(
            path=detail.path,
            edit=SetRecords(bucket=docker.NETWORK_BUCKET.encode(), changes=mended.changes),
            what=f"repair the network database: {'; '.join(mended.parts)}",
            risk=Applicability.SAFE if not mended.lost else Applicability.DESTRUCTIVE,
            stage=Stage.DATABASES,
        )
