"""The certificate of a swarm node has expired."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.engine.swarm_state import SwarmCertificate, SwarmNode


@check(
    severity=Severity.ERROR,
    detail=SwarmCertificate,
    ok="the swarm node's certificate is valid now",
    messages=(
        Message(
            pattern=r"error while loading TLS certificate in \S*swarm-node\.crt: .*(?:certificate has expired or is not yet valid|not valid (?:after|before)).*|error while validating Root CA Certificate: x509: certificate has expired or is not yet valid.*",
            example="error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate (1 - k8rxtaxrhzdw2j48j1dotuj0a) not valid after Fri, 25 Jun 2021 01:41:00 UTC, and it is currently Wed, 21 Jul 2021 00:39:25 EDT: x509: certificate has expired or is not yet valid",
            names=(
                "swarm certificate expired",
                "swarm certificate",
            ),
            means="the node's swarm certificate expired while the node was off for more than 90 days, or the clock is wrong",
            do="check the clock with 'timedatectl'; a node with other managers: 'docker swarm leave --force', and join again",
            also=("state/swarm-cert-corrupt",),
        ),
    ),
)
def swarm_cert_expired(certificate: SwarmCertificate, node: SwarmNode | Missing) -> Iterator[Finding]:
    """A swarm node's certificate is not valid now, so the engine runs but the node is not in its swarm.

    What it looks at:
        The dates of ``swarm/certificates/swarm-node.crt`` against the host's clock. A clock before the first day, or before the
        file was written, is named as the cause. A node that is active is not reported: it renews the certificate itself.

    Why it matters:
        A node renews its certificate, valid for 90 days, only while it runs. After a longer time off dockerd logs "certificate has
        expired or is not yet valid", and "docker info" shows "Swarm: error": no service runs here.

    How it is fixed:
        Manually. A node whose swarm has another manager leaves and joins again. On the only manager, leaving would lose all
        services, secrets and configs, and engine 26 refuses ``--force-new-cluster`` then: start the engine once with the clock
        before the last day, wait until the certificate is renewed, and correct the clock.

    References:
        https://docs.docker.com/engine/swarm/how-swarm-mode-works/pki/
        https://github.com/moby/moby/issues/42660
    """
    is_active = isinstance(node, SwarmNode) and node.state == "active"
    if is_active or not (certificate.is_expired or certificate.is_early):
        return
    if certificate.is_early:
        why = f"is {certificate.early_for}, but this host's clock shows {certificate.today} and is probably wrong"
    else:
        why = f"expired on {certificate.last_day}"
    yield Finding(
        subject=Subject("file", certificate.path),
        message=f"the swarm node's certificate {why}: the node is not in its swarm",
        evidence=(
            Evidence(certificate.path, f"valid from {certificate.first_day} to {certificate.last_day}"),
            Evidence("the host's clock", certificate.today),
        ),
        detail=certificate,
    )
