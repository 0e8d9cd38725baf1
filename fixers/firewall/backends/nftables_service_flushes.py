"""Say how the file replaces its own table only."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def nftables_service_flushes(finding: Finding) -> Iterator[Action]:
    """Advise: which tables the file owns is the administrator's to say."""
    yield Advise(
        text=f"sed -i 's/^flush ruleset/table inet filter\\ndelete table inet filter/' {finding.detail} empties that table alone; two"
        " such lines for each table of the file (grep ^table shows them)"
    )
