"""Show how the file can replace only its own table."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.MANUAL)
def nftables_service_flushes(detail: OfFile) -> Iterator[Action]:
    """Advise: only the administrator knows which tables the file owns."""
    yield Advise(
        text=f"sed -i 's/^flush ruleset/table inet filter\\ndelete table inet filter/' {detail.path} empties only that table; add two"
        " such lines for each table of the file (grep ^table shows them)"
    )
