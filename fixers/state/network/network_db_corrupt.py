"""Repair or rebuild the network database."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.files import EditFile, Quarantine
from doctor.api.actions.state import Rebuild, RepairDatabase, WantedPath
from doctor.facts.backup.lists import KeptNetworks
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import MENDS, NetworkDatabase
from doctor.facts.details import OfFile
from doctor.facts.network.needs import missing_networks
from doctor.facts.network.traces import NetworkTraces
from doctor.model.step import File
from doctor.rebuild.network.records import rebuild_networks


@fixer(applicability=Applicability.SAFE)
def network_db_corrupt(
    detail: OfFile,
    database: NetworkDatabase,
    containers: Containers | Missing,
    kept: KeptNetworks | Missing,
    traces: NetworkTraces | Missing,
) -> Iterator[Action]:
    """Open it at a valid tree that has all needed networks; otherwise rebuild it from pages, backup and containers."""
    path = detail.path
    found = containers if isinstance(containers, Containers) else Containers()
    if database.file.flip or (database.file.remedy and not missing_networks(database, found)):
        yield EditFile(
            path=path,
            edit=database.file.flip or RepairDatabase(),
            what=f"repair the network database: {MENDS[database.file.remedy]}",
            stage=Stage.DATABASES,
        )
        return
    merged = kept.merged(database) if isinstance(kept, KeptNetworks) else database
    rebuilt = rebuild_networks(merged, found, traces if isinstance(traces, NetworkTraces) else NetworkTraces())
    added = set(kept.added(database)) & set(rebuilt.kept) if isinstance(kept, KeptNetworks) else set()
    if not rebuilt.content:
        yield Quarantine(
            path=path,
            why="; ".join(rebuilt.in_words)
            or "it can't be read, and no container names a network: the user networks are lost",
            risk=Applicability.DISRUPTIVE,
            stage=Stage.DATABASES,
        )
        return
    parts = [
        f"{', '.join(names)} {text}"
        for text, names in (
            ("from its pages", tuple(name for name in rebuilt.kept if name not in added)),
            (f"from the backup {kept.age}" if isinstance(kept, KeptNetworks) else "", tuple(sorted(added))),
        )
        if names
    ]
    parts += rebuilt.in_words
    yield Rebuild(
        items=(WantedPath(path=path, node=File(content=rebuilt.content), mode=0o644),),
        what=f"rebuild the network database: {'; '.join(parts)}",
        risk=Applicability.DISRUPTIVE,
        stage=Stage.DATABASES,
    )
