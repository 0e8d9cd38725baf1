"""Let the engine make its table again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.engine import RestartEngine


@fixer(applicability=Applicability.DISRUPTIVE)
def engine_table_missing(finding: Finding) -> Iterator[Action]:
    """Restart the engine; nothing where it does not run, since its start makes the table."""
    if finding.detail is not None:
        yield RestartEngine(reason="it recreates its nft table")
