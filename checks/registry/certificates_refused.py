"""Files in /etc/docker/certs.d that the engine refuses or ignores."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.registry.certificates import CertificateFlaw, RegistryCertificates


@check(
    severity=Severity.ERROR,
    detail=CertificateFlaw,
    breaks=("registry",),
    ok="the engine accepts the certificates in /etc/docker/certs.d",
    messages=(
        Message(
            pattern=r"missing key \S+ for client certificate \S+|missing client certificate \S+ for key \S+|CA certificates must use the extension \.crt",
            example="Error response from daemon: missing key x.key for client certificate x.cert. CA certificates must use the extension .crt",
            means="the registry's directory in /etc/docker/certs.d has a file without its counterpart, so the engine refuses the registry",
            do="name an authority's certificate *.crt; a client certificate is a pair NAME.cert and NAME.key",
        ),
    ),
)
def certificates_refused(certificates: RegistryCertificates) -> Iterator[Finding]:
    """A file in /etc/docker/certs.d makes the engine refuse a registry, or has no effect.

    What it looks at:
        Of each directory in /etc/docker/certs.d: a ``.cert`` without its ``.key`` and the reverse, a key that does not belong to
        its certificate, dangling links, and ``.crt`` files without a certificate in PEM form. The last are a warning, because
        the engine ignores them without a word.

    Why it matters:
        The engine reads the directory before each pull and push. One wrong file fails all of them for this registry, with
        "missing key" or "tls: failed to find any PEM data"; an ignored authority fails them with "certificate signed by unknown
        authority".

    How it is fixed:
        Manually: the certificate of an authority is named ``ca.crt``, a client's pair ``client.cert`` and ``client.key``, all in
        PEM form. ``openssl x509 -inform der -in FILE -out ca.crt`` converts DER. No restart is needed.

    References:
        https://docs.docker.com/engine/security/certificates/
        moby/moby: registry/registry.go, ReadCertsDirectory
    """
    for flaw in certificates.flaws:
        follows = f"the engine refuses to pull from {flaw.registry}" if flaw.stops_pulls else "the engine ignores it"
        yield Finding(
            subject=Subject("file", flaw.path),
            message=f"{flaw.path} {flaw.why}: {follows}",
            evidence=(Evidence(flaw.path, flaw.why),),
            severity=None if flaw.stops_pulls else Severity.WARNING,
            detail=flaw,
        )
