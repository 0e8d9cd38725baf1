"""Say how the file replaces its own table only."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.MANUAL)
def nftables_service_flushes(detail: OfFile) -> Iterator[Action]:
    """Advise: which tables the file owns is the administrator's to say."""
    yield Advise(
        text=f"sed -i 's/^flush ruleset/table inet filter\\ndelete table inet filter/' {detail.path} empties that table alone; two"
        " such lines for each table of the file (grep ^table shows them)"
    )
