"""A program that the engine starts containers with is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineState, EngineVersion

_NEEDED = ("runc", "containerd-shim-runc-v2")


@check(severity=Severity.CRITICAL, breaks=("storage",), ok="the programs that start containers are installed")
def runtime_missing(
    programs: EnginePrograms, state: EngineState, version: EngineVersion | Missing
) -> Iterator[Finding]:
    """The program runc or containerd's shim is missing or can't be run, so no container can be started.

    What it looks at:
        The files runc and containerd-shim-runc-v2 in the directories of a service's PATH and beside dockerd: that they are there,
        executable and not empty.

    Why it matters:
        The engine answers, and every start fails with "failed to start shim … no such file or directory" or "unable to retrieve
        OCI runtime error"; without runc, newer engines end at their start with "failed to find runc binary". A half-done
        upgrade, an over-eager cleanup or a full disk are usual reasons.

    How it is fixed:
        A file without the executable bit gets it. Otherwise by a person: the package is reinstalled, with the command that is shown.

    References:
        https://docs.docker.com/engine/install/binaries/
    """
    if state.status == "absent":
        return
    for name in _NEEDED:
        if name not in programs.found:
            problem = programs.broken.get(name, f"no {name} beside {programs.dockerd} or in the usual directories")
            yield Finding(
                subject=Subject("program", name),
                message=f"no container can be started: {name} is missing or can't be run",
                evidence=(Evidence("file system", problem),),
                stops_start=name == "runc" and isinstance(version, EngineVersion) and version.at_least(26, 0),
            )
