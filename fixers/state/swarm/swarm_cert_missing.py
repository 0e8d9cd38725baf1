"""Copy the swarm's state before the engine's start erases it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import aside, restore
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.engine.details import CertificateMissing
from doctor.model.paths import join

_PAIR = ("swarm-node.crt", "swarm-node.key")


@fixer(applicability=Applicability.SAFE)
def swarm_cert_missing(detail: CertificateMissing, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Copy the directory if no engine runs, and restore the certificate and its key from the backup."""
    if detail.is_down:
        yield CopyAside(
            path=detail.directory,
            to=aside("swarm"),
            why="the engine's start erases it while the certificate is missing",
        )
    files = backup.files if isinstance(backup, MetadataBackup) else {}
    pair = [(name, files.get(join(detail.directory, "certificates", name))) for name in _PAIR]
    found = [(name, kept) for name, kept in pair if kept is not None]
    if detail.is_down and len(found) == len(_PAIR):
        for name, kept in found:
            path = join(detail.directory, "certificates", name)
            yield restore(path, kept, what=f"restore the swarm node's {name}", stage=Stage.CONTENTS)
    if detail.is_down:
        return
    yield Advise(
        text=f"cp -a {detail.directory} /root/ immediately, restore certificates/swarm-node.crt from a backup with cp, and "
        "systemctl restart docker"
    )
