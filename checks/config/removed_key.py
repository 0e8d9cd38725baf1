"""daemon.json has a key that this engine no longer takes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails


@check(
    severity=Severity.CRITICAL,
    detail=KeyProblem,
    stops_start=True,
    ok="daemon.json has no key that this engine dropped",
)
def removed_key(file: DaemonJson, version: EngineVersion, state: EngineState | Missing) -> Iterator[Finding]:
    """The settings file has a key that this release removed, so the engine does not start after its upgrade.

    What it looks at:
        The keys of daemon.json against the release that dropped them: ``graph`` and the ``cluster-*`` keys went with 23,
        ``oom-score-adjust`` with 25, ``api-cors-header`` with 28.

    Why it matters:
        The package upgrade succeeds and the engine is down, with "the following directives don't match any configuration option"
        or a validation error.

    How it is fixed:
        ``graph`` becomes ``data-root``, which takes the same value: all images, containers and volumes stay where they are.
        The others are taken out; what they did is gone from the engine.

    References:
        https://docs.docker.com/engine/deprecated/
    """
    for problem in problems(file.value, version.release):
        if problem.kind == "removed":
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{start_fails(state)}: {file.path} sets {problem.name}, which engine {version.text} dropped",
                evidence=(
                    Evidence(file.path, f"{problem.name}: {problem.value}"),
                    Evidence(version.source, f"engine {version.text}: {problem.says}"),
                ),
                detail=problem,
            )
