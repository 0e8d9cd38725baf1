"""Correct the JSON of the settings file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import repair_json
from doctor.api.actions.files import Quarantine
from doctor.facts.config.engine import DaemonJson
from doctor.facts.host.mounts import Mounts


@fixer(applicability=Applicability.SAFE)
def invalid_json(file: DaemonJson, mounts: Mounts | Missing) -> Iterator[Action]:
    """Make the smallest change if only one is possible; move a directory in its place to quarantine."""
    if file.is_repairable:
        yield repair_json(file)
    elif file.is_directory and isinstance(mounts, Mounts) and any(mounts.beneath(file.path)):
        yield Advise(
            text=f"findmnt {file.path} shows what is mounted there: umount {file.path}, then 'doctor fix --apply'"
        )
    elif file.is_directory:
        # 'docker run -v' creates a directory if its source file is missing.
        yield Quarantine(path=file.path, why="it is a directory in place of the settings file")
    else:
        yield Advise(
            text=f"edit {file.path} at {file.where or 'its beginning'}, then dockerd --validate --config-file {file.path}"
        )
