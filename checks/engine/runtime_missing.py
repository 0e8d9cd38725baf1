"""A program that starts containers is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineState, EngineVersion

_NEEDED = (docker.RUNC, containerd.SHIM)


@check(
    severity=Severity.CRITICAL,
    breaks=("start",),
    ok="the programs that start containers are installed",
    messages=(
        Message(
            pattern=r"unable to retrieve OCI runtime error|failed to start shim|fork/exec \S*(?:runc|containerd-shim)\S*: (?:exec format error|no such file or directory|permission denied|input/output error|text file busy|invalid argument)|(?:exec: )?\"?(?:containerd-shim[\w-]*|runc)\"?: executable file not found|runtime \"?io\.containerd\.\S+ binary not installed",
            example="OCI runtime error (open /var/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/2ee780ebd501/log.json: no such file or directory): fork/exec /usr/bin/runc: exec format error: unknown.",
            means="runc, the shim or the default runtime is missing or can't be executed",
            do="reinstall the package of runc and containerd (containerd.io, or runc and containerd)",
            also=("config/invalid-value",),
        ),
    ),
)
def runtime_missing(
    programs: EnginePrograms, state: EngineState, version: EngineVersion | Missing
) -> Iterator[Finding]:
    """The runtime (runc) or containerd's shim is missing or can't be run, so no container can be started.

    What it looks at:
        Whether runc and containerd-shim-runc-v2 exist in the directories of a service's PATH or next to dockerd, and the runtime
        that ``default-runtime`` names. Each must be executable: its header is that of a program of this machine, the file is as
        long as its header says, and its interpreter and its libraries exist. The probe ``start`` runs it.

    Why it matters:
        The engine answers, but every start fails with "failed to start shim … no such file or directory" or "unable to retrieve
        OCI runtime error". Without runc, newer engines exit at their start with "failed to find runc binary". Usual causes are an
        interrupted upgrade, a copy of another architecture, a cleanup that removed too much, or a full disk.

    How it is fixed:
        If the file is only not executable, its mode is corrected. Otherwise reinstall the package manually, of the program or of
        the library that it lacks; the advice shows the command.

    References:
        https://docs.docker.com/engine/install/binaries/
    """
    if state.status == "absent":
        return
    for name in dict.fromkeys((*_NEEDED, programs.runtime)):
        path, problem = programs.problem(name)
        # The settings name the path of another runtime: a check of the settings reports that nothing is there.
        if name in programs.found or not (problem or name in _NEEDED):
            continue
        shown = programs.broken.get(name, f"no {name} next to {programs.dockerd} or in the usual directories")
        what = f"{path} can't be run ({problem})" if problem else f"{name} is missing"
        yield Finding(
            subject=Subject("program", name),
            message=f"{what}: no container can be started",
            evidence=(Evidence("file system", shown),),
            stops_start=name == docker.RUNC and isinstance(version, EngineVersion) and version.at_least(26, 0),
        )
