"""A program of the engine is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.missing_programs import MissingProgram, MissingPrograms
from doctor.model.text import plural

_MEANS = {
    docker.PROCESS: "the engine can't start",
    containerd.PROCESS: "no container can be started",
    docker.RUNC: "no container can be started",
}


@check(
    severity=Severity.CRITICAL,
    detail=MissingProgram | None,
    breaks=("start",),
    ok="the programs of the engine's units and packages are installed",
    messages=(
        Message(
            pattern=r"""Unit docker\.service (?:not found|could not be found)|(?:dockerd|docker|containerd): (?:command )?not found|exec: "(?:dockerd|containerd|docker-init)": executable file not found.*""",
            example="Failed to start docker.service: Unit docker.service not found.",
            means="the engine is not installed, or its package was removed in part",
            do="install docker-ce or docker.io; rootless and snap engines have other units",
        ),
    ),
)
def program_missing(programs: MissingPrograms, root: DataRoot | Missing) -> Iterator[Finding]:
    """The program dockerd, containerd or runc is missing although a unit or an installed package names it.

    What it looks at:
        The program in ``ExecStart`` of docker.service and containerd.service; without a unit, dpkg's file list of the installed
        package; otherwise a dockerd in the usual directories that can't be run. On a live host without any dockerd: containers in
        the data root.

    Why it matters:
        The engine's socket does not answer and the engine can't be started: systemd reports "Unable to locate executable"
        (203/EXEC). Usual causes are an interrupted upgrade, a cleanup that removed too much, or a restored disk. Images,
        containers and volumes are still in the data root.

    How it is fixed:
        If the file is only not executable, its mode is corrected. Otherwise reinstall the package manually; the advice shows the
        command.

    References:
        https://docs.docker.com/engine/install/
    """
    for one in programs.items:
        yield Finding(
            subject=Subject("program", one.name),
            message=f"{one.path} is missing or can't be run: {_MEANS[one.name]}",
            evidence=(Evidence(one.where, f"names {one.path}"), Evidence("file system", f"{one.path}: {one.problem}")),
            detail=one,
            stops_start=True,
        )
    if programs.orphaned and not isinstance(root, Missing):
        yield Finding(
            subject=Subject("program", docker.PROCESS),
            message=f"no engine is installed: {plural(programs.orphaned, 'container')} in {root.path} can't run",
            evidence=(
                Evidence(root.at(docker.CONTAINERS), plural(programs.orphaned, "container")),
                Evidence("file system", "no dockerd in the usual directories, and no unit or package names one"),
            ),
            severity=Severity.WARNING,
        )
