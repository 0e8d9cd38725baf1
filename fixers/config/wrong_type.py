"""Convert a value to the type that dockerd reads."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import set_setting
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem


@fixer(applicability=Applicability.SAFE)
def wrong_type(detail: KeyProblem, file: DaemonJson) -> Iterator[Action]:
    """Convert the value if that loses nothing; otherwise show which type is expected."""
    if detail.wanted is None:
        yield Advise(
            text=f"edit {file.path}: {detail.name} must be {detail.says}, then dockerd --validate --config-file {file.path}"
        )
    else:
        yield set_setting(file.path, detail.path, detail.wanted, restart=False)
