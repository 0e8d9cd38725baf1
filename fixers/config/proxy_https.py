"""Advise how to find out whether the engine's proxy speaks TLS."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def proxy_https() -> Iterator[Action]:
    """Show the probe; only it asks the proxy."""
    yield Advise(
        text="'doctor probe registry' shows whether the proxy speaks TLS; if not, write http:// in place of https://,"
        " then systemctl restart docker"
    )
