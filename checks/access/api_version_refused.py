"""A container uses an API version that the engine refuses."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.access.api_versions import ApiRefusals, Refusal, word


@check(
    severity=Severity.ERROR,
    detail=Refusal,
    ok="no container uses an API version that the engine refuses",
    messages=(
        Message(
            pattern=r"client version [\d.]+ is too old\. Minimum supported API version is [\d.]+.*",
            example="Error response from daemon: client version 1.24 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version",
            names=(
                "client too old",
                "api version",
                "api too old",
            ),
            means="engine 29 raised the oldest API that it accepts to 1.44, and a program that uses the socket (traefik, watchtower, portainer, testcontainers) is older",
            do='upgrade that program; until then set "min-api-version": "1.24" in daemon.json or DOCKER_MIN_API_VERSION for the engine, and restart it',
        ),
        Message(
            pattern=r"client version [\d.]+ is too new\. Maximum supported API version is [\d.]+",
            example="Error response from daemon: client version 1.44 is too new. Maximum supported API version is 1.43",
            names=(
                "client too new",
                "api too new",
            ),
            means="the client is newer than the engine and does not negotiate the version",
            do="upgrade the engine, or set DOCKER_API_VERSION to the engine's version for the client",
            also=("versions/mixed-packages", "versions/engine-eol"),
        ),
    ),
)
def api_version_refused(refusals: ApiRefusals) -> Iterator[Finding]:
    """A container that mounts the engine's socket uses an API version that the engine refuses, so it does not work.

    What it looks at:
        The API versions that the running engine accepts; and of each running container that mounts its socket the variable
        DOCKER_API_VERSION, and the last 16 KiB of its log for "client version 1.24 is too old", since the engine's start. At most
        20 containers.

    Why it matters:
        Engine 29 accepts API 1.44 and newer. Older traefik, watchtower, portainer and CI runners run on, but find no containers:
        routes vanish, updates stop.

    How it is fixed:
        By a newer image of that program. Since engine 29, ``min-api-version`` in daemon.json accepts older clients again; doctor
        sets it if the user chooses so, and the engine restarts.

    References:
        https://docs.docker.com/engine/release-notes/29/
        https://docs.docker.com/reference/api/engine/#api-version-matrix
    """
    for one in refusals.items:
        limit = f"{word(refusals.oldest)} and newer" if one.is_old else f"up to {word(refusals.newest)}"
        yield Finding(
            subject=Subject("container", one.container),
            message=f"container {one.container} uses API {word(one.asked)}, and the engine accepts {limit}: its requests are refused",
            evidence=(
                Evidence(one.source, one.line),
                Evidence(refusals.source, f"API {word(refusals.oldest)} to {word(refusals.newest)}"),
            ),
            detail=one,
        )
