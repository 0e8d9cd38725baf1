"""Keep the swarm's state before the engine's start erases it."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, CopyAside, aside


@fixer(applicability=Applicability.SAFE)
def swarm_cert_missing(finding: Finding) -> Iterator[Action]:
    """Copy the directory aside while no engine runs."""
    detail = finding.detail
    if detail.is_down:
        yield CopyAside(
            path=detail.directory,
            to=aside("swarm"),
            why="the engine's start erases it while the certificate is missing",
        )
        return
    yield Advise(
        text=f"copy {detail.directory} away at once, restore certificates/swarm-node.crt from a backup, and restart the engine"
    )
