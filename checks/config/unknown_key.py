"""daemon.json has a key that dockerd does not know."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails


@check(
    severity=Severity.CRITICAL,
    detail=KeyProblem,
    stops_start=True,
    ok="dockerd knows every key of daemon.json",
    messages=(
        Message(
            pattern=r"the following directives don't match any configuration option: [\w-]+",
            example="unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: storage-drivr",
            means="daemon.json has a key that this engine does not know",
            do="correct or remove the key",
            also=("config/removed-key",),
        ),
    ),
)
def unknown_key(file: DaemonJson, version: EngineVersion | Missing, state: EngineState | Missing) -> Iterator[Finding]:
    """The settings file has a key that this dockerd does not know, so the engine does not start.

    What it looks at:
        The keys of daemon.json as dockerd looks them up: case matters, and the children of an object that is not a setting count
        as keys, so ``{"log-opt": {"max-size": "10m"}}`` is rejected because of max-size. Keys that only newer engines know are
        reported too.

    Why it matters:
        dockerd exits with "the following directives don't match any configuration option". A running engine is not affected
        until its next start.

    How it is fixed:
        A key that differs from a known one only in case, underscores, a plural or a typing error ("storage-drvier") is renamed,
        if the value fits. ``--choose`` asks if two keys fit; if none fits and the key may be meant to keep something closed (by
        its name, or by an address); or if the known key would make the engine use another store than the one with the images.
        Any other key is removed: this release of the engine does not start with it.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind not in {"unknown", "too-new"}:
            continue
        could_be = [problem.meant] if problem.meant else problem.close
        hint = problem.says or (f"possibly {' or '.join(could_be)} is meant" if could_be else "")
        here = () if isinstance(version, Missing) else (Evidence(version.source, f"engine {version.text}"),)
        yield Finding(
            subject=Subject("setting", problem.name),
            message=f"dockerd does not know '{problem.name}' in {file.path}: {start_fails(state)}",
            evidence=(Evidence(file.path, f"{problem.name}: {hint}" if hint else problem.name), *here),
            detail=problem,
        )
