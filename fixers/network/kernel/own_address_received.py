"""Advise how to find the second interface with an address."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def own_address_received(finding: Finding) -> Iterator[Action]:
    """Show the commands; only the user knows which interface is the wrong one."""
    name = finding.subject.name
    yield Advise(
        text=f"compare the addresses: ip -br link show master {quote(name)}; bridge fdb show br {quote(name)};"
        f" ip -br link show {quote(name)}"
    )
