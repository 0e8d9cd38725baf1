"""Advise how to start an authorization plugin."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def authorization_plugin_dead(finding: Finding) -> Iterator[Action]:
    """Only its service can start it; removing the setting would open the engine."""
    name = finding.subject.name
    yield Advise(
        text=f"start the service of plugin {name} (systemctl list-units --all '*{name}*' finds it), then docker ps shows whether it answers"
    )
