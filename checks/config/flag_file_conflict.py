"""A setting is given both as a flag and in daemon.json."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.details import Conflict
from doctor.facts.config.engine import DaemonJson, EngineFlags
from doctor.facts.config.flag_values import from_flags, joined
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.secrets.redact import as_json


@check(
    severity=Severity.CRITICAL,
    detail=Conflict,
    stops_start=True,
    ok="no setting is given both as a flag and in daemon.json",
    messages=(
        Message(
            pattern=r"directives are specified both as a flag and in the conf(?:iguration file(?:: \S+)?)?",
            example="unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [fd://], from file: [tcp://0.0.0.0:2375])",
            means="a setting is in daemon.json and on dockerd's command line, but dockerd accepts only one of them",
            do="remove it from one of the two; a drop-in of docker.service changes the command line",
        ),
    ),
)
def flag_file_conflict(flags: EngineFlags, file: DaemonJson, state: EngineState | Missing) -> Iterator[Finding]:
    """A setting is given both as a flag and in the settings file, so the engine does not start, even if both agree.

    What it looks at:
        The flags of the next start (unit, drop-ins, environment files, init script) and the keys of daemon.json. Only
        ``runtimes`` may be in both.

    Why it matters:
        dockerd exits with "the following directives are specified both as a flag and in the configuration file". The most common
        one is ``hosts`` with the unit's ``-H fd://``.

    How it is fixed:
        The setting is kept in daemon.json and the flag is removed; lists and maps are merged. A packaged unit is not edited: a
        drop-in starts its command without the flag. If the two values contradict each other, the file's value is kept, and the
        action counts as disruptive. If only one of them opens the engine to the network, ``--choose`` asks.

    References:
        https://docs.docker.com/engine/daemon/troubleshoot/#configure-the-daemon-host-options
        https://github.com/moby/moby/blob/master/daemon/config/config.go
    """
    for key, value in file.value.items():
        given = flags.of_key(key)
        if key == "runtimes" or not given:
            continue
        by_flag = from_flags(key, tuple(flag.value for flag in given))
        places = [flag.place.file for flag in given if flag.place is not None]
        yield Finding(
            subject=Subject("setting", key),
            message=f"{key} is set both in {file.path} and by --{given[0].name} in {places[0]}: {start_fails(state)}",
            evidence=(
                Evidence(file.path, f"{key}: {as_json(value)}"),
                *(
                    Evidence(f"{flag.place.file}:{flag.place.line}", f"--{flag.name}={flag.value}")
                    for flag in given
                    if flag.place is not None
                ),
            ),
            detail=Conflict(key=key, flags=given, in_file=value, by_flag=by_flag, joined=joined(value, by_flag)),
        )
