"""Rename a removed key to its successor, or remove it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import remove_setting, rename_setting
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem


@fixer(applicability=Applicability.SAFE)
def removed_key(detail: KeyProblem, file: DaemonJson) -> Iterator[Action]:
    """Rename the key if a successor takes the same value; otherwise remove it."""
    if detail.meant:
        yield rename_setting(file.path, detail.path[0], detail.meant, restart=False)
    elif detail.name == "graph" and file.value.get("data-root") != detail.value:
        yield Advise(
            text=f"ls {detail.value}/image {file.value.get('data-root')}/image shows which one has your images: keep that one as data-root in {file.path}"
        )
    else:
        yield remove_setting(file.path, detail.path, detail.says, restart=False)
