"""The program of a container can't be executed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import ProgramUnusable
from doctor.facts.containers.needs import subject_of, titles
from doctor.facts.containers.programs import ProgramFault, ProgramFaults


@check(
    severity=Severity.ERROR,
    detail=ProgramUnusable,
    ok="no container's program is missing or can't be executed",
    messages=(
        Message(
            pattern=r"exec user process caused:? \"?no such file or directory|exec: (?!\"(?:nvidia-|docker-credential-|docker-init|docker-proxy|dockerd|modprobe|pass\"|runc|containerd|iptables|ip6tables|nft\"|newuidmap|newgidmap|fuse-overlayfs))\S+ executable file not found in \$PATH|exec: \S+ stat \S+ no such file or directory|exec (?:\S+)?(?:entrypoint|\.sh|/)\S*: no such file or directory|exec \S+ failed: No such file or directory",
            example='OCI runtime create failed: runc create failed: unable to start container process: exec: "bash": executable file not found in $PATH: unknown',
            means="the program to start is not in the image, or the interpreter that its first line names is not (also with Windows line ends)",
            do="look into the image with 'docker run --rm -it --entrypoint sh IMAGE'; save scripts with Unix line ends",
            also=("containers/start-failed",),
            apart="'docker run --rm --entrypoint sh IMAGE -c \"ls -l PROGRAM; head -1 PROGRAM\"'",
        ),
        Message(
            pattern=r"exec user process caused:? \"?permission denied|starting container process caused:? \W*permission denied|exec: \"[^\"]+\": permission denied|exec /\S+: permission denied|unable to start container process: exec: \S+ (?:is a directory|permission denied)|exec \S+ failed: Permission denied",
            example='OCI runtime create failed: runc create failed: unable to start container process: exec: "/entrypoint.sh": permission denied: unknown',
            means="the program to start is not executable, or its file system is mounted noexec",
            do="run 'chmod +x' on it in the Dockerfile",
            also=("storage/data-root-noexec",),
        ),
    ),
)
def program_unusable(containers: Containers, programs: ProgramFaults) -> Iterator[Finding]:
    """The program that a container should start is missing in its image or can't be executed, so the container does not run.

    What it looks at:
        Containers with a restart policy whose start failed with "exec …", or whose log ends with that: the program in the
        directories of the container's layers and in its mounts, its mode, its first line, and the interpreter that it names.

    Why it matters:
        The service is down, and a restart changes nothing. Usual causes are a script that lost its mode or was saved with Windows
        line ends, a script for bash in an image without bash, a program built against another C library, or a wrong path.

    How it is fixed:
        Manually: in the image or the mounted file. The advice shows the command.

    References:
        https://docs.docker.com/engine/containers/run/#exit-status
        https://man7.org/linux/man-pages/man2/execve.2.html
    """
    groups: dict[tuple[str, ...], list[tuple[Container, ProgramFault]]] = {}
    for one, fault in programs.found(containers):
        if fault.kind != "architecture":
            groups.setdefault((one.image, fault.program, fault.kind, fault.needs), []).append((one, fault))
    for (image, program, _, _), members in groups.items():
        first, fault = members[0]
        some = [one for one, _ in members]
        yield Finding(
            subject=subject_of(some, f"{program} of {image}"),
            message=f"{program} of image {image} {_problem(fault)}: {titles(some)} can't run",
            evidence=(
                Evidence(f"error of {first.title}", fault.error),
                *((Evidence(fault.place, _problem(fault)),) if fault.place else ()),
            ),
            detail=ProgramUnusable(
                names=tuple(one.title for one in some[:5]),
                image=image,
                kind=fault.kind,
                program=program,
                mounted=_mounted(first, fault),
            ),
        )


def _mounted(one: Container, fault: ProgramFault) -> str:
    """Return the path of a program that is mounted from the host, "" if it is in the image."""
    mounts = [mount.source for mount in one.mounts if mount.source]
    return fault.place if any(fault.place.startswith(source) for source in mounts) else ""


def _problem(fault: ProgramFault) -> str:
    return {
        "missing": "does not exist",
        "directory": "is a directory",
        "not-executable": "is not executable",
        "empty": "is empty",
        "no-first-line": "is a script without '#!' in its first line",
        "byte-order-mark": "has a byte order mark before '#!'",
        "line-ends": f"has Windows line ends, so the kernel looks for an interpreter '{fault.needs}\\r'",
        "no-interpreter": f"needs {fault.needs}, which the image does not have",
    }[fault.kind]
