"""A setting has an invalid value."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.bad_values import bad_values
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import NamedThings, ValueProblem
from doctor.facts.engine.state import EngineState, EngineVersion, start_fails
from doctor.facts.network.links import Links
from doctor.facts.secrets.redact import as_json, conceal


@check(
    severity=Severity.CRITICAL,
    detail=ValueProblem,
    breaks=("start",),
    ok="no setting has an invalid value",
    messages=(
        Message(
            pattern=r"invalid mirror: .*",
            example='failed to start daemon: invalid mirror: unsupported scheme "" in "registry.example.com"',
            means="an address in registry-mirrors is not a URL of the form https://HOST: its scheme is missing, or it has a path",
            do='write each of "registry-mirrors" (or --registry-mirror) with its scheme, https://HOST; only Docker Hub has mirrors',
        ),
        Message(
            pattern=r"unable to configure the Docker daemon with file|merged configuration validation from file and command line flags failed|specified default runtime \S+ does not exist|conflict labels for|must be created manually|bad attribute format",
            example="failed to start daemon: specified default runtime 'nvidia' does not exist",
            means="dockerd rejects a setting: its value is invalid, or refers to something that does not exist",
            do="correct the setting that the line names",
            also=("config/wrong-type", "config/unknown-key", "config/invalid-json"),
        ),
        Message(
            pattern=r"wrong rlimit value: RLIMIT_.*",
            example="OCI runtime create failed: wrong rlimit value: RLIMIT_: unknown.",
            means='a limit in default-ulimits has no "Name", or an unknown one',
            do='write each with its name: "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 10000, "Soft": 10000}}',
        ),
        Message(
            pattern="systemd not running on this host.*",
            example="OCI runtime create failed: runc create failed: systemd not running on this host, cannot use systemd cgroups manager: unknown.",
            means="the engine is configured to manage cgroups with systemd, which is not running",
            do='set "exec-opts": ["native.cgroupdriver=cgroupfs"], or boot with systemd',
            also=("cgroups/driver-mismatch",),
        ),
    ),
)
def invalid_value(
    config: EngineConfig,
    things: NamedThings,
    version: EngineVersion | Missing,
    state: EngineState | Missing,
    links: Links | Missing,
) -> Iterator[Finding]:
    """A setting has a value of the right type that is invalid, so the engine does not start, or containers fail.

    What it looks at:
        The effective settings, each with its own rule: addresses and subnets (also against each other, and against the host's
        interfaces and routes), address pools, mirrors with a scheme, labels, registered runtimes, cgroup driver and parent,
        sizes and limits, files, directories, programs, plugins, groups and users that must exist and be of the right kind,
        settings that exclude each other.

    Why it matters:
        ``dockerd --validate`` checks only types and names, and prints "configuration OK" for all of these. The engine exits
        just after its start, or the first container fails.

    How it is fixed:
        If only one value can be meant ("inof", a network address for bip, a soft limit above the hard one), it is set. Otherwise
        ``--choose`` offers values that the engine accepts. Removing a setting is offered only if the default opens no more to
        the network than the setting would.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
    """
    release = None if isinstance(version, Missing) else version.release
    known = None if isinstance(links, Missing) else links
    for problem in bad_values(config, things, release, known):
        setting = config.setting(problem.key)
        effect = "no new container starts" if problem.halts else "containers fail, or the setting has no effect"
        effect = problem.follows or effect
        if problem.stops:
            effect = start_fails(state)
        yield Finding(
            subject=Subject("setting", problem.key),
            message=f"the value of {problem.key} is invalid ({problem.why}): {effect}",
            evidence=(Evidence(setting.place, f"{problem.key}: {as_json(conceal(problem.key, setting.value))}"),),
            severity=None if problem.stops else Severity.ERROR if problem.halts else Severity.WARNING,
            detail=problem,
            stops_start=problem.stops,
        )
