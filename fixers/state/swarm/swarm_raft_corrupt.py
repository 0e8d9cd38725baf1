"""Quarantine a corrupt task list, or show how to restore a raft log."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.engine.details import LogDamaged


@fixer(applicability=Applicability.SAFE)
def swarm_raft_corrupt(detail: LogDamaged) -> Iterator[Action]:
    """Quarantine the task list, which the managers send again; leave a log to the administrator."""
    if detail.is_cache:
        yield Quarantine(path=detail.path, why="the swarm's managers send the tasks again", stage=Stage.DATABASES)
        return
    yield Advise(
        text=f"copy {detail.directory} to another place (cp -a). If other managers run: 'docker node demote' and 'docker node rm' this "
        "one there, 'docker swarm leave --force' here, and join again. If this is the only manager, only a backup of that directory "
        "has services, secrets and configs: restore it while the engine is stopped"
    )
