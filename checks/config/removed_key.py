"""daemon.json has a key that this engine no longer accepts."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.secrets.redact import as_json


@check(
    severity=Severity.CRITICAL,
    detail=KeyProblem,
    stops_start=True,
    ok="daemon.json has no key that this engine removed",
    messages=(
        Message(
            pattern=r"the following directives don't match any configuration option: (?:.*\b)?(?:graph|disable-legacy-registry|cluster-(?:store|advertise|store-opts)|oom-score-adjust|api-cors-header|live-restore-enabled)\b",
            example="unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives don't match any configuration option: graph",
            means="daemon.json has a key that this release removed",
            do='remove the key; "graph" is now "data-root" with the same value',
            also=("config/unknown-key",),
        ),
    ),
)
def removed_key(file: DaemonJson, version: EngineVersion, state: EngineState | Missing) -> Iterator[Finding]:
    """The settings file has a key that this release removed, so the engine does not start after the upgrade.

    What it looks at:
        The keys of daemon.json against the release that removed them: ``graph`` and the ``cluster-*`` keys in 23,
        ``oom-score-adjust`` in 25, ``api-cors-header`` in 28.

    Why it matters:
        The package upgrade succeeds, but the engine exits with "the following directives don't match any configuration option" or
        a validation error.

    How it is fixed:
        ``graph`` is renamed to ``data-root`` with the same value: all images, containers and volumes stay in place. Other keys
        are removed; the engine no longer has these functions.

    References:
        https://docs.docker.com/engine/deprecated/
    """
    for problem in problems(file.value, version.release):
        if problem.kind == "removed":
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{file.path} sets {problem.name}, which engine {version.text} no longer accepts: {start_fails(state)}",
                evidence=(
                    Evidence(file.path, f"{problem.name}: {as_json(problem.value)}"),
                    Evidence(version.source, f"engine {version.text}: {problem.says}"),
                ),
                detail=problem,
            )
