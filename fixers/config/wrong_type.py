"""Write a value in the type dockerd reads."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine_settings import set_setting
from doctor.facts.config.engine import DaemonJson


@fixer(applicability=Applicability.SAFE)
def wrong_type(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Convert where that loses nothing; otherwise say what is expected."""
    problem = finding.detail
    if problem.wanted is None:
        yield Advise(
            text=f"edit {file.path}: {problem.name} must be {problem.says}, then dockerd --validate --config-file {file.path}"
        )
    else:
        yield set_setting(file.path, problem.path, problem.wanted, restart=False)
