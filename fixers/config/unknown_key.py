"""Give a misspelt key its name, or take an unknown one out."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import remove_setting, rename_setting
from doctor.facts.engine import DaemonJson


@fixer(applicability=Applicability.SAFE)
def unknown_key(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Rename, take out, or say what it may have meant to be."""
    problem = finding.detail
    if problem.meant:
        yield rename_setting(file.path, problem.path[0], problem.meant, restart=False)
    elif problem.close:
        yield Advise(text=f"in {file.path}, call {problem.name} {problem.close} if that is meant, or take it out")
    else:
        yield remove_setting(file.path, problem.path, "no engine of this release starts with it", restart=False)
