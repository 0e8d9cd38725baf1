"""The certificate or key of the engine's TLS listener is not valid."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.tls import TlsListener, TlsProblem
from doctor.facts.engine.state import EngineState, start_fails
from doctor.model.missing import Missing

_FOLLOWS = {
    "tlscert": "clients refuse the engine's TLS listener",
    "tlscacert": "the engine's TLS listener refuses every client",
}


@check(severity=Severity.ERROR, detail=TlsProblem, ok="certificates and key of the engine's TLS listener are valid")
def tls_certificate(listener: TlsListener, config: EngineConfig, state: EngineState | Missing) -> Iterator[Finding]:
    """A certificate of the engine's TLS listener has expired, is not valid yet or can't be read, or the key is another's.

    What it looks at:
        Where the engine listens on ``tcp://`` with ``tls`` or ``tlsverify``: the first certificate of ``tlscert`` and all of
        ``tlscacert`` (none of them valid now), and whether ``tlskey`` is the key of ``tlscert``. RSA and elliptic curves; a key
        of another kind is not compared.

    Why it matters:
        Clients end with "x509: certificate has expired or is not yet valid", while the local socket works. With a key that does
        not belong to the certificate dockerd does not start: "private key does not match public key".

    How it is fixed:
        By a person, who has the authority's key: the certificate is renewed. A host whose clock is wrong shows the same.

    References:
        https://docs.docker.com/engine/security/protect-access/
    """
    # One file may be certificate and authority.
    for problem in {one.path: one for one in reversed(listener.problems)}.values():
        if problem.key == "tlscacert" and config.get("tlsverify") is not True:
            continue
        follows = start_fails(state) if problem.stops_start else _FOLLOWS[problem.key]
        yield Finding(
            subject=Subject("file", problem.path),
            message=f"{follows}: {problem.path} {problem.why}",
            evidence=(Evidence(problem.place, f"{problem.key}: {problem.path}"),),
            detail=problem,
            stops_start=problem.stops_start,
        )
