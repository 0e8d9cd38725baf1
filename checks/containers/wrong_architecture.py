"""The program of a container is built for another architecture."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import WrongArchitecture
from doctor.facts.containers.needs import subject_of, titles
from doctor.facts.containers.programs import ProgramFault, ProgramFaults


@check(
    severity=Severity.ERROR,
    detail=WrongArchitecture,
    ok="no container fails because its image is for another architecture",
    messages=(
        Message(
            pattern=r"exec (?:\S+ )?:? ?(?:\S+: )?exec format error|exec format error",
            example="exec /container/tool/run: exec format error",
            means="the program is for another processor, or a script without its first line #!",
            do="compare 'docker image inspect -f {{.Architecture}} IMAGE' with 'uname -m'; use the right image, or binfmt_misc with qemu-user-static",
            also=("containers/program-unusable",),
            apart="'docker image inspect -f {{.Architecture}} IMAGE' and 'uname -m'",
        ),
        Message(
            pattern=r"requested image's platform \(\S+\) does not match the detected host platform.*",
            example="WARNING: The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64/v4) and no specific platform was requested",
            means="the image was not built for this machine's architecture",
            do="pull the right one with 'docker pull --platform linux/ARCHITECTURE IMAGE', or install qemu-user-static to run it slowly",
        ),
    ),
)
def wrong_architecture(containers: Containers, programs: ProgramFaults) -> Iterator[Finding]:
    """A container's program is built for another processor than this host has, so it can't run.

    What it looks at:
        Containers with a restart policy that fail with "exec format error": the ELF header of the program in the container's
        layers against that of the engine's own program, and the entries of binfmt_misc.

    Why it matters:
        The container ends at once, and a restart changes nothing. The image was pulled, built or saved on another machine, or
        its tag has no variant for this one. An emulator (QEMU) runs it, slowly, if binfmt_misc has an entry for it with flag F.

    How it is fixed:
        Manually: pull the image for this architecture, or install QEMU's static user emulation.

    References:
        https://docs.docker.com/build/building/multi-platform/#qemu
        https://docs.kernel.org/admin-guide/binfmt-misc.html
    """
    groups: dict[tuple[str, str], list[tuple[Container, ProgramFault]]] = {}
    for one, fault in programs.found(containers):
        if fault.kind == "architecture":
            groups.setdefault((one.image, fault.needs), []).append((one, fault))
    for (image, architecture), members in groups.items():
        first, fault = members[0]
        some = [one for one, _ in members]
        emulator = (
            f"the emulator {fault.handler} is off or has no flag F" if fault.handler else "no emulator is registered"
        )
        yield Finding(
            subject=subject_of(some, f"{architecture} image {image}"),
            message=f"image {image} is for {architecture}, this host is {programs.machine}, and {emulator}: {titles(some)} can't run",
            evidence=(
                Evidence(fault.place, f"ELF program for {architecture}"),
                Evidence("/proc/sys/fs/binfmt_misc", fault.handler or f"no entry for {architecture}"),
                Evidence(f"error of {first.title}", fault.error),
            ),
            detail=WrongArchitecture(image=image, machine=programs.machine, names=tuple(one.title for one in some[:5])),
        )
