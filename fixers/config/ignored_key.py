"""Rename a key that dockerd never reads to the setting, or remove it."""

from collections.abc import Iterator
from typing import Any

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_setting, set_setting
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.keys import KeyProblem, fits


@fixer(applicability=Applicability.SAFE)
def ignored_key(detail: KeyProblem, config: EngineConfig) -> Iterator[Action]:
    """Ask whether the setting is still wanted: only its author knows."""
    problem, file = detail, config.json
    gone = remove_setting(file.path, problem.path, "dockerd never reads it", restart=False)
    options = [
        Choosable(name="remove", evidence=(Evidence(docker.PROCESS, f"never reads {problem.name}"),), actions=(gone,)),
    ]
    wanted = _wanted(problem.meant, problem.value)
    # Listeners are never offered: they would open a port that was always closed.
    if wanted is not None and problem.meant != "hosts" and not config.is_set(problem.meant.rpartition(".")[2]):
        options.insert(
            0,
            Choosable(
                name=problem.meant,
                evidence=(
                    Evidence(docker.PROCESS, f"reads {problem.meant}: the setting takes effect for the first time"),
                ),
                actions=(gone, set_setting(file.path, tuple(problem.meant.split(".")), wanted)),
            ),
        )
    yield Choose(question=f"whether {problem.name} in {file.path} is wanted", options=tuple(options))


def _wanted(key: str, value: Any) -> Any:
    """Return the value in the key's type, ``None`` if it does not fit."""
    for candidate in (value, [value]):
        if key and value not in (None, "") and fits(key, candidate):
            return candidate
    return None
