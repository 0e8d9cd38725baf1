"""Advise how to do without a credential helper."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def credential_helper_missing(finding: Finding) -> Iterator[Action]:
    """Show the settings; only the user knows whether the logins may be kept in a file."""
    file = finding.subject.name
    yield Advise(
        text=f"grep -n cred {file} shows the setting: install the program that it names, or remove credsStore and credHelpers"
        " and log in again with 'docker login'"
    )
