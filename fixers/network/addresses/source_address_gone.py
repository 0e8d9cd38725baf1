"""Advise how to give a network a source address that the host has."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.details import SourceGone


@fixer(applicability=Applicability.MANUAL)
def source_address_gone(detail: SourceGone) -> Iterator[Action]:
    """Show both ways: only a person knows whether the address is still this host's."""
    prefix = 32 if detail.version == 4 else 128
    option = f"com.docker.network.host_ipv{detail.version}"
    yield Advise(
        text=f"if the address is still this host's: ip addr add {detail.address}/{prefix} dev {quote(detail.uplink or 'UPLINK')}, and in the "
        f"host's network configuration; else: docker network inspect {quote(detail.network)} shows what it was made with; a network without "
        f"the option {option}, or with another address, has to take its place"
    )
