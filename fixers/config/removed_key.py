"""Give a dropped key its present name, or take it out."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine_settings import remove_setting, rename_setting
from doctor.facts.config.engine import DaemonJson


@fixer(applicability=Applicability.SAFE)
def removed_key(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Rename where a successor takes the same value, take out where there is none."""
    problem = finding.detail
    if problem.meant:
        yield rename_setting(file.path, problem.path[0], problem.meant, restart=False)
    elif problem.name == "graph" and file.value.get("data-root") != problem.value:
        yield Advise(
            text=f"ls {problem.value}/image {file.value.get('data-root')}/image shows which holds your images: keep that as data-root in {file.path}"
        )
    else:
        yield remove_setting(file.path, problem.path, problem.says, restart=False)
