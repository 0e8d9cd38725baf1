"""docker-proxy is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails


@check(
    severity=Severity.ERROR,
    breaks=("port",),
    ok="docker-proxy is installed, or not used",
    messages=(
        Message(
            pattern=r"invalid userland-proxy-path|failed to start docker-proxy, check that the current version is in your \$PATH|docker-proxy\S*: (?:executable file not found|no such file)|exec: \"docker-proxy\"",
            example="failed to start daemon: invalid userland-proxy-path: userland-proxy is enabled, but userland-proxy-path is not set",
            means="the program docker-proxy is missing, and the engine needs it for published ports",
            do='reinstall the engine\'s package, or set "userland-proxy": false',
            since="26.0",
        ),
    ),
)
def docker_proxy_missing(
    programs: EnginePrograms, config: EngineConfig, version: EngineVersion | Missing, state: EngineState
) -> Iterator[Finding]:
    """The program docker-proxy is missing, so published ports fail, and engines since 26.0 do not start.

    What it looks at:
        ``userland-proxy`` (on by default), ``userland-proxy-path``, and the file docker-proxy.

    Why it matters:
        The engine starts a docker-proxy for each published port. Without the program, ``docker run -p`` fails, and newer engines
        do not start: "invalid userland-proxy-path".

    How it is fixed:
        If the file is only not executable, its mode is corrected. Otherwise reinstall the engine's package manually; ``--choose``
        can set ``userland-proxy`` to false until then.

    References:
        https://docs.docker.com/engine/network/port-publishing/
    """
    named = config.get("userland-proxy-path") if config.is_set("userland-proxy-path") else None
    if state.status == "absent" or config.get("userland-proxy") is False or named not in (None, ""):
        return
    if docker.PROXY in programs.found:
        return
    stops = isinstance(version, EngineVersion) and version.at_least(26, 0)
    yield Finding(
        subject=Subject("program", docker.PROXY),
        message=f"docker-proxy is missing: {start_fails(state) if stops else 'no port can be published'}",
        evidence=(Evidence("file system", programs.broken.get(docker.PROXY, f"none next to {programs.dockerd}")),),
        severity=Severity.CRITICAL if stops else None,
        stops_start=stops,
    )
