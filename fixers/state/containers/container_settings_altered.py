"""Restore a container's settings that a flipped bit changed."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.state import restore
from doctor.facts.containers.altered_settings import AlteredSettings
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def container_settings_altered(detail: OfFile, altered: AlteredSettings) -> Iterator[Action]:
    """Write the file from the backup."""
    found = altered.items[detail.path]
    yield restore(detail.path, found.kept, what=f"restore the settings of container {found.title}")
