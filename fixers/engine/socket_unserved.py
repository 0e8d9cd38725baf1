"""Advise how to make the engine use systemd's socket, or how to disable the socket."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import UnservedSocket


@fixer(applicability=Applicability.MANUAL)
def socket_unserved(detail: UnservedSocket) -> Iterator[Action]:
    """Show both ways; only the user knows whether local clients use the socket."""
    where = detail.place.partition(":")[0]
    file = where if where.startswith("/") else "the engine's unit"
    yield Advise(
        text=f"add -H fd:// to dockerd's command in {file}, then systemctl daemon-reload && systemctl restart docker.socket docker;"
        " or echo DOCKER_HOST=ADDRESS >> /etc/environment for all clients (docker.socket can't be disabled: docker.service requires it)"
    )
