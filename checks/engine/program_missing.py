"""The engine's own program is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.missing_programs import MissingProgram, MissingPrograms

_MEANS = {
    "dockerd": "the engine can't start",
    "containerd": "no container can be started",
    "runc": "no container can be started",
}


@check(
    severity=Severity.CRITICAL,
    detail=MissingProgram | None,
    breaks=("storage",),
    ok="the programs that units and packages of the engine name are installed",
)
def program_missing(programs: MissingPrograms, root: DataRoot | Missing) -> Iterator[Finding]:
    """The program dockerd, containerd or runc is gone, while a unit or an installed package names it.

    What it looks at:
        The program that ``ExecStart`` of docker.service and containerd.service names; where there is no unit, dpkg's list of the
        files of the installed package; else a dockerd in the usual directories that can't be run. On a live host without any
        dockerd: containers that lie in the data root.

    Why it matters:
        Nothing answers on the engine's socket and no start helps: systemd says "Unable to locate executable" (203/EXEC). A
        half-done upgrade, an over-eager cleanup or a restored disk are usual reasons. Images, containers and volumes are still
        in the data root.

    How it is fixed:
        A file without the executable bit gets it. Otherwise by a person: the package is reinstalled, with the command that is shown.

    References:
        https://docs.docker.com/engine/install/
    """
    for one in programs.items:
        yield Finding(
            subject=Subject("program", one.name),
            message=f"{_MEANS[one.name]}: {one.path} is missing or can't be run",
            evidence=(Evidence(one.where, f"names {one.path}"), Evidence("file system", f"{one.path}: {one.problem}")),
            detail=one,
            stops_start=True,
        )
    if programs.orphaned and not isinstance(root, Missing):
        yield Finding(
            subject=Subject("program", "dockerd"),
            message=f"no engine is installed that could run the containers in {root.path} ({programs.orphaned})",
            evidence=(
                Evidence(root.at("containers"), f"{programs.orphaned} containers"),
                Evidence("file system", "no dockerd in the usual directories, and no unit or package names one"),
            ),
            severity=Severity.WARNING,
        )
