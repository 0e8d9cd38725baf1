"""A registry is trusted without TLS."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig

_LOCAL = ("127.", "localhost", "::1", "[::1]")


@check(severity=Severity.INFO, ok="no registry beyond this host is trusted without TLS")
def insecure_registry(config: EngineConfig) -> Iterator[Finding]:
    """The engine trusts a registry without checking its certificate, so whoever sits between can change images.

    What it looks at:
        ``insecure-registries`` of daemon.json or flags, other than this host's own addresses.

    Why it matters:
        What is pulled runs as root. An entry here switches off certificate checks and falls back to plain HTTP.

    How it is fixed:
        By a person: put the registry's CA into /etc/docker/certs.d/HOST/ca.crt instead.

    References:
        https://docs.docker.com/engine/security/certificates/
    """
    registries = config.get("insecure-registries", [])
    for registry in registries if isinstance(registries, list) else ():
        if not str(registry).startswith(_LOCAL):
            yield Finding(
                subject=Subject("registry", str(registry)),
                message=f"images from {registry} can be changed on their way: its certificate is not checked",
                evidence=(Evidence(config.setting("insecure-registries").place, str(registry)),),
            )
