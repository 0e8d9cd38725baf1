"""Say where the reason stands and how systemd tries again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def restart_loop() -> Iterator[Action]:
    """Its cause is another finding; without one, its log."""
    yield Advise(
        text="mend what the other findings name, else what journalctl -u docker.service -n 50 shows; then systemctl reset-failed"
        " docker.service && systemctl start docker.service"
    )
