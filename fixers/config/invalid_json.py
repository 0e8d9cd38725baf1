"""Put the JSON of the settings file right."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.api.actions.engine_settings import mend_settings
from doctor.facts.engine import DaemonJson


@fixer(applicability=Applicability.SAFE)
def invalid_json(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Make the smallest change, where it can be meant in one way only."""
    del finding
    if file.is_mendable:
        yield mend_settings(file.path)
    elif file.is_directory:
        yield Advise(
            text=f"move {file.path} away and put the settings file there, if there was one: 'docker run -v' makes a directory"
            " where the file that it shall show is missing"
        )
    else:
        yield Advise(text=f"put {file.path} right at {file.where or 'its beginning'}, then 'dockerd --validate'")
