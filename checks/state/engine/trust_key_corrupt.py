"""The key of an older engine is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.files import TrustKey


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    ok="the engine can read its key",
    messages=(
        Message(
            pattern=r"Error loading key file \S+: .*|unable to decode private key.*",
            example="failed to start daemon: Error loading key file /etc/docker/key.json: unable to decode private key JWK: decoding JWK Private Key JSON data: unexpected end of JSON input",
            means="the key of this engine (before 23.0) was truncated, mostly by a power loss at its first start",
            do="move /etc/docker/key.json away: the engine creates another at its next start",
        ),
    ),
)
def trust_key_corrupt(key: TrustKey) -> Iterator[Finding]:
    """The key file of an engine before 23.0 can't be decoded, so the engine does not start.

    What it looks at:
        /etc/docker/key.json, if the engine is older than 23.0: a JSON object.

    Why it matters:
        The engine writes the file at its first start, and reads it at each later one. After a power loss in between it is
        empty, and dockerd exits with "Error loading key file" each time.

    How it is fixed:
        The file is moved to quarantine, and the engine creates another. Its ID changes ("ID" of ``docker info``); images,
        containers and networks do not depend on it.

    References:
        https://github.com/balena-os/meta-balena/issues/121
        https://github.com/moby/moby/blob/v20.10.24/daemon/trustkey.go
    """
    if key.problem:
        yield Finding(
            subject=Subject("file", key.path),
            message=f"{key.path} can't be decoded ({key.problem}): the engine does not start",
            evidence=(Evidence(key.path, key.problem),),
            detail=OfFile(path=key.path),
            stops_start=True,
        )
