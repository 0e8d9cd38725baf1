"""Rename a misspelt key, or remove an unknown one."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.config.engine_settings import remove_setting, rename_setting
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.exposure import may_close
from doctor.facts.config.keys import KeyProblem
from doctor.facts.engine.data_root import DataRoot


@fixer(applicability=Applicability.SAFE)
def unknown_key(detail: KeyProblem, file: DaemonJson, root: DataRoot | Missing) -> Iterator[Action]:
    """Rename or remove the key, or ask which key is meant."""
    if detail.meant and not isinstance(root, Missing) and _leads_away(detail, root):
        yield Choose(
            question=f"whether '{detail.name}' in {file.path} means {detail.meant} (the engine would no longer list the content of {root.resolved})",
            options=tuple(_options(detail, file, (detail.meant,))),
        )
    elif detail.meant:
        yield rename_setting(file.path, detail.path[0], detail.meant, restart=False)
    elif detail.close:
        yield Choose(
            question=f"which setting '{detail.name}' in {file.path} means",
            options=tuple(_options(detail, file, detail.close)),
        )
    elif may_close(detail.name, detail.value):
        # It is unknown what the key was meant to keep closed, and the engine would start without it.
        yield Choose(
            question=f"whether the engine should start without '{detail.name}' of {file.path}, which may be meant as a restriction",
            options=(_removal(detail, file),),
        )
    else:
        yield remove_setting(file.path, detail.path, "this release of the engine does not start with it", restart=False)


def _leads_away(problem: KeyProblem, root: DataRoot) -> bool:
    """Whether the engine has data from its work without the key, and would use another store with the correct key."""
    value = problem.value
    if not root.holds_anything or not value:
        return False
    if problem.meant == "storage-driver":
        active = root.driver(root.active_driver)
        return value != root.active_driver and active is not None and active.holds_anything
    if problem.meant == "data-root":
        return not isinstance(value, str) or value.rstrip("/") not in {root.path, root.resolved}
    return problem.meant == "userns-remap"


def _options(problem: KeyProblem, file: DaemonJson, names: tuple[str, ...]) -> Iterator[Choosable]:
    for name in names:
        yield Choosable(
            name=name,
            evidence=(Evidence(file.path, f"{problem.name} is spelled like {name}"),),
            actions=(rename_setting(file.path, problem.path[0], name, restart=False),),
        )
    yield _removal(problem, file)


def _removal(problem: KeyProblem, file: DaemonJson) -> Choosable:
    return Choosable(
        name="remove",
        evidence=(
            Evidence(
                docker.PROCESS, f"{problem.name} is not a setting of this release; without it the default applies"
            ),
        ),
        actions=(
            remove_setting(file.path, problem.path, "this release of the engine does not start with it", restart=False),
        ),
    )
