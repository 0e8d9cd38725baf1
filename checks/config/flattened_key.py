"""A known key stands inside an unknown object of daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineVersion


@check(severity=Severity.WARNING, detail=KeyProblem, ok="no setting hides inside an object that dockerd does not know")
def flattened_key(file: DaemonJson, version: EngineVersion | Missing) -> Iterator[Finding]:
    """Settings stand inside an object that dockerd does not know: they pass its validation, and most do nothing.

    What it looks at:
        Top-level objects of daemon.json that are no setting themselves, with children that are.

    Why it matters:
        dockerd flattens every unknown object before it looks for unknown keys, so ``{"network": {"mtu": 1400}}`` is valid and
        changes nothing. Booleans among the children are really applied, which surprises in the other direction.

    How it is fixed:
        ``--choose`` asks: the children move to the top level, where they are in force, or the object goes. It is not offered for
        removal while dockerd applies a switch in it.

    References:
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind == "flattened":
            inside = ", ".join(problem.value)
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{inside} inside {problem.name!r} in {file.path} is not what it seems: dockerd reads only booleans there",
                evidence=(Evidence(file.path, f"{problem.name}: {problem.value!r}"),),
                detail=problem,
            )
