"""Quarantine an empty directory in the directory of containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile
from doctor.facts.layers.leftovers import Leftovers


@fixer(applicability=Applicability.SAFE)
def container_dir_stray(detail: OfFile, leftovers: Leftovers) -> Iterator[Action]:
    """Move it to quarantine if no engine runs; leave anything with content to the administrator."""
    path = detail.path
    if not leftovers.containers[path]:
        yield Advise(text=f"ls -la {path} shows what it is; mv {path} /root/ while the engine is down")
    elif leftovers.is_engine_up:
        yield Advise(text="leave it until the engine is stopped for another reason: it does no harm")
    else:
        yield Quarantine(path=path, why="it is empty and belongs to no container", stage=Stage.MOUNTS)
