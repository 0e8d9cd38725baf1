"""Advise how to inspect and renew the files of the TLS listener."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.tls import TlsProblem


@fixer(applicability=Applicability.MANUAL)
def tls_certificate(detail: TlsProblem) -> Iterator[Action]:
    """Show the commands; renewing a certificate requires the authority's key."""
    if detail.key == "tlskey":
        yield Advise(
            text=f"openssl pkey -in {detail.path} -pubout shows its public key: restore the key that belongs to the certificate,"
            " then systemctl restart docker"
        )
        return
    yield Advise(
        text=f"check the clock with date, then the issuer with openssl x509 -in {detail.path} -noout -dates -issuer; renew the certificate there,"
        " then systemctl restart docker"
    )
