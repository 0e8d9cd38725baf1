"""Advise how to put the certificates of a registry right."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.registry.certificates import CertificateFlaw


@fixer(applicability=Applicability.MANUAL)
def certificates_refused(detail: CertificateFlaw) -> Iterator[Action]:
    """Show the commands; only the user knows whether a file is an authority or a client certificate."""
    stem = detail.path.removesuffix(".cert")
    if detail.path.endswith(".cert") and "has no key" in detail.why:
        yield Advise(
            text=f"for an authority's certificate: mv {detail.path} {stem}.crt; for a client's: copy its key to {stem}.key"
        )
    elif "DER form" in detail.why:
        yield Advise(
            text=f"openssl x509 -inform der -in {detail.path} -out {detail.path}.pem && mv {detail.path}.pem {detail.path}"
        )
    else:
        yield Advise(
            text=f"ls -l /etc/docker/certs.d/{detail.registry} shows the files: correct or remove {detail.path}"
        )
