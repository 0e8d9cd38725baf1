"""Restore the swarm node's certificate and key."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import aside, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.details import OfFile
from doctor.model.paths import join, parent

_PAIR = ("swarm-node.crt", "swarm-node.key")


@fixer(applicability=Applicability.SAFE)
def swarm_cert_corrupt(detail: OfFile, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Restore both from the backup, since a key belongs to one certificate."""
    directory = detail.path
    files = backup.files if isinstance(backup, MetadataBackup) else {}
    pair = [(name, files.get(join(directory, name))) for name in _PAIR]
    found = [(name, kept) for name, kept in pair if kept is not None]
    if len(found) < len(_PAIR):
        yield Advise(
            text=f"restore {' and '.join(_PAIR)} in {directory} from one backup, or let the node join again: on a manager "
            "'docker node rm' it and 'docker swarm join-token', here 'docker swarm leave --force' and join; the only manager "
            f"must not leave; first keep a copy of {parent(directory)}"
        )
        return
    why = "it may be needed if the restored pair is too old"
    yield CopyAside(path=parent(directory), to=aside("swarm"), why=why)
    for name, kept in found:
        yield restore(join(directory, name), kept, what=f"restore the swarm node's {name}", stage=Stage.CONTENTS)
