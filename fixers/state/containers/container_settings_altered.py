"""Give a container the settings back that a flipped bit has changed."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.state import restore
from doctor.facts.containers.altered_settings import AlteredSettings


@fixer(applicability=Applicability.SAFE)
def container_settings_altered(finding: Finding, altered: AlteredSettings) -> Iterator[Action]:
    """Write the kept file."""
    found = altered.items[finding.detail.path]
    yield restore(finding.detail.path, found.kept, what=f"restore the settings of container {found.title}")
