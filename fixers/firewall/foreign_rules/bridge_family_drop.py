"""Say which command lets frames of Docker's bridges through."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def bridge_family_drop(finding: Finding) -> Iterator[Action]:
    """The table is somebody's own: a person adds the rule where the table is made."""
    chain = finding.subject.name
    yield Advise(
        text=f"nft list chain {chain} shows it. To let containers of one network reach each other: nft add rule {chain} meta ibrname"
        ' "docker0" accept, for each of Docker\'s bridges (ip -br link show type bridge), and the same in the file that makes'
        " the table"
    )
