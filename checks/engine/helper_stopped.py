"""A program that serves running containers is stopped by a signal."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.halted import HaltedProgram, HaltedPrograms


@check(severity=Severity.ERROR, detail=HaltedProgram, ok="no helper program of the engine is stopped")
def helper_stopped(programs: HaltedPrograms) -> Iterator[Finding]:
    """containerd, a container's shim or its docker-proxy is stopped by a signal, so docker commands hang.

    What it looks at:
        The state of these processes (T in /proc). A process that a debugger holds is not reported.

    Why it matters:
        The shim is the parent of a container: while it is stopped, ``docker exec``, ``docker stop`` and ``docker logs -f`` of this
        container hang, and its end is not noticed. Without containerd, none of them works for any container. A stopped docker-proxy
        accepts connections from this host and forwards nothing.

    How it is fixed:
        Manually: ``kill -CONT`` continues the process. Somebody may have stopped it on purpose, so the user decides.

    References:
        https://github.com/containerd/containerd/blob/main/core/runtime/v2/README.md
    """
    for one in programs.items:
        if one.is_helper:
            yield Finding(
                subject=Subject("process", f"{one.program} of {one.container}" if one.container else one.program),
                message=f"{one.program} (process {one.pid}) is stopped by a signal: {_follows(one)}",
                evidence=(Evidence(f"/proc/{one.pid}/stat", "state T (stopped by a signal)"),),
                detail=one,
            )


def _follows(one: HaltedProgram) -> str:
    if one.program == containerd.PROCESS:
        return "no container can be started, stopped or entered"
    if one.program == docker.PROXY:
        return f"a published port of container {one.container} answers nobody on this host"
    return f"docker exec, docker stop and docker kill of container {one.container} hang"
