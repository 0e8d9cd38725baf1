"""Advise how to give a network another subnet."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def subnet_shadows_route(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Only the owner of the network knows which ranges are free."""
    name = finding.subject.name
    if finding.subject.kind == "route":
        yield Advise(
            text=f'only if hosts of {name} can\'t be reached: set "bip" and "default-address-pools" in {config.json.path} to free '
            "ranges (ip route show lists those in use), systemctl restart docker, and create the other networks again"
        )
        return
    way = (
        f'set "bip" in {config.json.path} to an address in a free range, then systemctl restart docker'
        if name == "bridge"
        else f"docker network rm {quote(name)}, then docker network create --subnet RANGE {quote(name)} with a free range"
    )
    yield Advise(
        text=f'{way}; "default-address-pools" keeps new networks out of it (ip route show lists the ranges in use)'
    )
