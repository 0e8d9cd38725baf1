"""Advise how to find the cause and start the engine again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def restart_loop() -> Iterator[Action]:
    """Point to the other findings, or to the engine's log."""
    yield Advise(
        text="resolve the other findings, or else the error that journalctl -u docker.service -n 50 shows; then systemctl reset-failed"
        " docker.service && systemctl start docker.service"
    )
