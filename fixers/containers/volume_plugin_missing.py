"""Advise how to get a volume plugin back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def volume_plugin_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; the plugin's service and settings are its own."""
    name = finding.subject.name
    yield Advise(
        text=f"docker plugin ls shows managed plugins: docker plugin enable {name} (or docker plugin install {name}); start the "
        f"service of another one: systemctl list-units --all '*{name.rpartition('/')[2].partition(':')[0]}*'"
    )
