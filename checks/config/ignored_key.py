"""daemon.json has a key that dockerd takes and never reads."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineVersion


@check(severity=Severity.WARNING, detail=KeyProblem, ok="dockerd reads every key of daemon.json that it takes")
def ignored_key(file: DaemonJson, version: EngineVersion | Missing) -> Iterator[Finding]:
    """The settings file has a key that dockerd takes without a word and never reads, so the setting is not in force.

    What it looks at:
        Keys with the name of a flag that may be repeated, in the singular: ``host``, ``insecure-registry``,
        ``registry-mirror``, ``label``, ``storage-opt``, ``dns-opt`` and others. The file's own names are plurals.

    Why it matters:
        dockerd looks a key up among its flags' names, finds it and is content; the value goes nowhere. Somebody believes that a
        mirror, a registry or a listening address is set.

    How it is fixed:
        ``--choose`` asks: the plural puts the setting in force for the first time, and that may not be wanted any more; to remove
        the key changes nothing.

    References:
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind == "ignored":
            meant = f"{problem.meant} is meant" if problem.meant else "it is a flag, not a setting"
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{problem.name!r} in {file.path} is not in force: dockerd takes the key and never reads it",
                evidence=(Evidence(file.path, f"{problem.name}: {problem.value!r}; {meant}"),),
                detail=problem,
            )
