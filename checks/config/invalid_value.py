"""A setting has a value that can't work."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, ValueProblem, problems
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.secrets.redact import conceal


@check(severity=Severity.CRITICAL, detail=ValueProblem, ok="every setting has a value that can work here")
def invalid_value(
    config: EngineConfig, things: NamedThings, version: EngineVersion | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """A setting has a value of the right type that can't work, so the engine does not start, or containers fail.

    What it looks at:
        The effective settings, each by a rule of its own: addresses and subnets, address pools, mirrors with a scheme, labels,
        runtimes that are registered, cgroup driver and parent, sizes and limits, files, groups and users that exist, settings
        that exclude each other.

    Why it matters:
        ``dockerd --validate`` checks types and names only and says "configuration OK" for all of these. The engine ends a moment
        after its start, or the first container fails.

    How it is fixed:
        Where only one value can be meant ("inof", a network's own address for bip, a soft limit above the hard one), it is set. Otherwise
        ``--choose`` decides between values that the engine takes; removing a setting is offered only where the default is not more
        open than what was wanted.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(config, things, release):
        setting = config.setting(problem.key)
        effect = "no new container starts" if problem.halts else "containers fail, or it has no effect"
        if problem.stops:
            effect = start_fails(state)
        yield Finding(
            subject=Subject("setting", problem.key),
            message=f"{effect}: {problem.key} can't work ({problem.why})",
            evidence=(Evidence(setting.place, f"{problem.key}: {conceal(problem.key, setting.value)!r}"),),
            severity=None if problem.stops else Severity.ERROR if problem.halts else Severity.WARNING,
            detail=problem,
            stops_start=problem.stops,
        )
