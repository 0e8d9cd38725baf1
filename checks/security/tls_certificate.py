"""A certificate or the key of the engine's TLS listener is not valid."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.tls import TlsListener, TlsProblem
from doctor.facts.engine.state import EngineState, start_fails
from doctor.model.missing import Missing

_FOLLOWS = {
    "tlscert": "clients reject the engine's TLS listener",
    "tlscacert": "the engine's TLS listener rejects every client",
}


@check(
    severity=Severity.ERROR,
    detail=TlsProblem,
    ok="the certificates and the key of the engine's TLS listener are valid",
    messages=(
        Message(
            pattern="invalid TLS configuration.*|could not load X509 key pair.*|http: TLS handshake error from .*(?:certificate has expired|bad certificate).*",
            example="invalid TLS configuration: could not load X509 key pair: tls: private key does not match public key",
            means="the certificates of the engine's TCP listener can't be used",
            do="correct tlscert, tlskey and tlscacert",
        ),
    ),
)
def tls_certificate(listener: TlsListener, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """A certificate of the engine's TLS listener is expired, not yet valid or unreadable, or its key does not match.

    What it looks at:
        If the engine listens on ``tcp://`` with ``tls`` or ``tlsverify``: the first certificate of ``tlscert``, all certificates
        of ``tlscacert`` (reported if none of them is valid now), and whether ``tlskey`` is the key of ``tlscert``. Only RSA and
        elliptic-curve keys are compared.

    Why it matters:
        Clients fail with "x509: certificate has expired or is not yet valid", while the local socket works. If the key does not
        belong to the certificate, dockerd does not start: "private key does not match public key".

    How it is fixed:
        Manually: renew the certificate with the authority's key. A wrong clock on the host has the same effect.

    References:
        https://docs.docker.com/engine/security/protect-access/
    """
    # One file may be both the certificate and the authority.
    for problem in {one.path: one for one in reversed(listener.problems)}.values():
        if problem.key == "tlscacert" and config.get("tlsverify") is not True:
            continue
        follows = start_fails(state) if problem.stops_start else _FOLLOWS[problem.key]
        yield Finding(
            subject=Subject("file", problem.path),
            message=f"{problem.path} {problem.why}: {follows}",
            evidence=(Evidence(problem.place, f"{problem.key}: {problem.path}"),),
            detail=problem,
            stops_start=problem.stops_start,
        )
