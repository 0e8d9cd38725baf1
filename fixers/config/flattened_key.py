"""Move settings to the place where dockerd reads them."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_setting, rename_setting, set_setting
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.keys import KeyProblem


@fixer(applicability=Applicability.SAFE)
def flattened_key(detail: KeyProblem, config: EngineConfig) -> Iterator[Action]:
    """Ask whether the settings are wanted: they would take effect for the first time."""
    problem, file = detail, config.json
    options = []
    gone = remove_setting(file.path, problem.path, restart=False)
    inside = ", ".join(problem.value)
    if problem.meant:
        options.append(
            Choosable(
                name=problem.meant,
                evidence=(Evidence(file.path, f"{problem.name} is spelled like {problem.meant}"),),
                actions=(rename_setting(file.path, problem.name, problem.meant),),
            )
        )
    if not any(config.is_set(key) for key in problem.value):
        options.append(
            Choosable(
                name="top-level",
                evidence=(Evidence(docker.PROCESS, f"reads {inside} at the top level"),),
                actions=(gone, *(set_setting(file.path, (key,), value) for key, value in problem.value.items())),
            )
        )
    if not any(isinstance(value, bool) for value in problem.value.values()):
        options.append(
            Choosable(
                name="remove",
                evidence=(Evidence(docker.PROCESS, f"reads nothing in {problem.name} now"),),
                actions=(gone,),
            )
        )
    if options:
        yield Choose(question=f"whether {inside} inside {problem.name} is wanted", options=tuple(options))
    else:
        yield Advise(
            text=f"grep -n {problem.name} {file.path}: {inside} is also set at the top level; keep one of each"
        )
