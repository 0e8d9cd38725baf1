"""Advise how to add the usual socket to the engine's addresses."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.engines.docker import places as docker
from doctor.facts.engine.details import LocalSocket
from doctor.facts.secrets.redact import as_json


@fixer(applicability=Applicability.MANUAL)
def no_local_socket(detail: LocalSocket) -> Iterator[Action]:
    """Show the setting. Doctor can't restart this engine: without a Unix socket it can't see when it is up."""
    address = f"unix://{docker.SOCKET}"
    where = detail.place.partition(":")[0]
    if detail.in_file:
        change = f'write "hosts": {as_json([*detail.hosts, address])} in {where}'
    else:
        change = f"add -H {address} to dockerd's command line in {where}, then systemctl daemon-reload"
    yield Advise(
        text=f"{change}, then systemctl restart docker; or echo DOCKER_HOST={detail.hosts[0]} >> /etc/environment for all users"
    )
