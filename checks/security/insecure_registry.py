"""A registry is trusted without TLS."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig

_LOCAL = ("127.", "localhost", "::1", "[::1]")


@check(severity=Severity.INFO, security=True, ok="no remote registry is trusted without TLS")
def insecure_registry(config: EngineConfig) -> Iterator[Finding]:
    """The engine does not verify a registry's certificate, so an attacker on the network can change images.

    What it looks at:
        ``insecure-registries`` of daemon.json or flags, except this host's addresses.

    Why it matters:
        Programs of pulled images usually run as root. An entry turns certificate verification off and allows plain HTTP.

    How it is fixed:
        Manually: remove the entry, and write the registry's CA certificate to /etc/docker/certs.d/HOST/ca.crt.

    References:
        https://docs.docker.com/engine/security/certificates/
    """
    registries = config.get("insecure-registries", [])
    for registry in registries if isinstance(registries, list) else ():
        if not str(registry).startswith(_LOCAL):
            yield Finding(
                subject=Subject("registry", str(registry)),
                message=f"the certificate of registry {registry} is not verified: its images can be changed in transit",
                evidence=(Evidence(config.setting("insecure-registries").place, str(registry)),),
            )
