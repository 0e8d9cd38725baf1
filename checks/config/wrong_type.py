"""daemon.json has a value of the wrong type."""

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
    ok="every value of daemon.json has the right type",
    messages=(
        Message(
            pattern=r"cannot unmarshal \S+ into Go (?:value|struct field)(?: \S+)? of type \S+",
            example="unable to configure the Docker daemon with file /etc/docker/daemon.json: json: cannot unmarshal string into Go struct field Config.ipv6 of type bool",
            means="a setting in daemon.json has a value of the wrong type",
            do='write true, false and numbers without quotes, and values of "log-opts" with quotes',
            also=("logging/option-value",),
        ),
    ),
)
def wrong_type(file: DaemonJson, version: EngineVersion | Missing, state: EngineState | Missing) -> Iterator[Finding]:
    """A value of the settings file has the wrong JSON type, so the engine does not start.

    What it looks at:
        The value of each known key: booleans and numbers without quotes, sizes and log options with quotes, lists in brackets.

    Why it matters:
        dockerd exits with "json: cannot unmarshal string into Go struct field Config.… of type bool".

    How it is fixed:
        The value is converted if that is unambiguous and loses nothing: "true" becomes true, 10 becomes "10", "1.1.1.1" becomes
        ["1.1.1.1"]. Otherwise doctor only advises.

    References:
        https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
    """
    release = None if isinstance(version, Missing) else version.release
    for problem in problems(file.value, release):
        if problem.kind == "wrong-type":
            yield Finding(
                subject=Subject("setting", problem.name),
                message=f"{problem.name} in {file.path} must be {problem.says}: {start_fails(state)}",
                evidence=(Evidence(file.path, f"{problem.name}: {as_json(problem.value)}"),),
                detail=problem,
            )
