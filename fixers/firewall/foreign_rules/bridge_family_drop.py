"""Show the command that accepts frames of Docker's bridges."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def bridge_family_drop(finding: Finding) -> Iterator[Action]:
    """Advise: the table belongs to somebody, who must add the rule where the table is created."""
    chain = finding.subject.name
    yield Advise(
        text=f"nft list chain {chain} shows it. To let containers of one network reach each other: nft add rule {chain} meta ibrname"
        ' "docker0" accept, for each of Docker\'s bridges (ip -br link show type bridge); add the same rule to the file that'
        " creates the table"
    )
