"""daemon.json has a key that dockerd accepts but never reads."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.keys import KeyProblem, problems
from doctor.facts.engine.state import EngineVersion
from doctor.facts.secrets.redact import as_json


@check(severity=Severity.WARNING, detail=KeyProblem, ok="dockerd reads every key of daemon.json that it accepts")
def ignored_key(file: DaemonJson, version: EngineVersion | Missing) -> Iterator[Finding]:
    """The settings file has a key that dockerd silently accepts but never reads, so the setting has no effect.

    What it looks at:
        Keys with the singular name of a flag that may be repeated: ``host``, ``insecure-registry``, ``registry-mirror``,
        ``label``, ``storage-opt``, ``dns-opt`` and others. The names in the file are plurals. ``http-proxy``, ``https-proxy`` and
        ``no-proxy`` outside of ``proxies``.

    Why it matters:
        dockerd validates keys against the names of its flags, but does not use the value. An administrator believes that a
        mirror, a registry, a proxy or a listening address is set.

    How it is fixed:
        ``--choose`` asks: with the plural name the setting takes effect for the first time, which may no longer be wanted;
        removing the key changes nothing.

    References:
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind == "ignored":
            meant = f"the setting is {problem.meant}" if problem.meant else "it is a flag, not a setting"
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"'{problem.name}' in {file.path} has no effect: dockerd accepts the key but never reads it",
                evidence=(Evidence(file.path, f"{problem.name}: {as_json(problem.value)}; {meant}"),),
                detail=problem,
            )
