"""Set a damaged task list aside; say where a raft log comes from."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.engine.details import LogDamaged


@fixer(applicability=Applicability.SAFE)
def swarm_raft_corrupt(detail: LogDamaged) -> Iterator[Action]:
    """Quarantine the list, which the managers send again; a log is for a person."""
    if detail.is_cache:
        yield Quarantine(path=detail.path, why="the swarm's managers send the tasks again", stage=Stage.DATABASES)
        return
    yield Advise(
        text=f"copy {detail.directory} away (cp -a). Where other managers live: 'docker node demote' and 'docker node rm' this "
        "one there, 'docker swarm leave --force' here, and join again. Of a lone manager only a backup of that directory "
        "brings services, secrets and configs back: put it in place while the engine is stopped"
    )
