"""A known key is inside an unknown object of daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineVersion
from doctor.facts.secrets.redact import as_json


@check(severity=Severity.WARNING, detail=KeyProblem, ok="no setting is inside an object that dockerd does not know")
def flattened_key(file: DaemonJson, version: EngineVersion | Missing) -> Iterator[Finding]:
    """Settings are inside an object that dockerd does not know: they pass its validation, but most have no effect.

    What it looks at:
        Top-level objects of daemon.json that are not settings themselves but contain settings.

    Why it matters:
        dockerd flattens every unknown object before it looks for unknown keys, so ``{"network": {"mtu": 1400}}`` is valid and
        has no effect. Booleans in such an object, however, are applied.

    How it is fixed:
        ``--choose`` offers to move the settings to the top level, where they take effect, or to remove the object. Removal is
        not offered if the object contains a boolean, which dockerd applies.

    References:
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind == "flattened":
            inside = ", ".join(problem.value)
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{inside} inside '{problem.name}' in {file.path} may have no effect: dockerd reads only booleans there",
                evidence=(Evidence(file.path, f"{problem.name}: {as_json(problem.value)}"),),
                detail=problem,
            )
