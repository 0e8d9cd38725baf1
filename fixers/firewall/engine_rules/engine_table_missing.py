"""Let the engine recreate its nft table."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.engine import RestartEngine
from doctor.facts.firewall.details import TableGone


@fixer(applicability=Applicability.DISRUPTIVE)
def engine_table_missing(detail: TableGone | None) -> Iterator[Action]:
    """Restart the engine; do nothing if it does not run, since its start creates the table."""
    if detail is not None:
        yield RestartEngine(reason="it recreates its nft table")
