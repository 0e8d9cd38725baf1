"""Containers lose their GPU when systemd reloads its units."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import CharLinks
from doctor.facts.containers.gpus import Gpus, by_hook
from doctor.facts.containers.needs import titles
from doctor.facts.engine.state import EngineInfo


@check(
    severity=Severity.WARNING,
    detail=CharLinks,
    ok="no container loses its GPU when systemd reloads its units",
    messages=(
        Message(
            pattern=r"Failed to initialize NVML: Unknown Error",
            example="Failed to initialize NVML: Unknown Error",
            means="the container lost its GPU: with systemd cgroups, 'systemctl daemon-reload' removes device rules for which /dev/char has no links",
            do="restart the container now; for good, create the links with 'nvidia-ctk system create-dev-char-symlinks --create-all' in a udev rule, use CDI, or the cgroup driver cgroupfs",
            also=("cgroups/driver-mismatch",),
        ),
    ),
)
def gpu_lost_on_reload(containers: Containers, gpus: Gpus, info: EngineInfo) -> Iterator[Finding]:
    """A running container loses its GPU at the next ``systemctl daemon-reload``, because /dev/char has no links to its devices.

    What it looks at:
        Running containers whose GPU comes from NVIDIA's hook (``--gpus``, runtime nvidia), the engine's cgroup driver systemd, and
        the links /dev/char/MAJOR:MINOR of the driver's device nodes.

    Why it matters:
        The hook adds the devices behind systemd's back. At a reload, which each package upgrade does, systemd writes its own
        device rules again: runc gave them to it as paths below /dev/char, and it drops those that do not exist. Programs in the
        container fail with "Failed to initialize NVML: Unknown Error" until the container restarts.

    How it is fixed:
        The links are created, as nvidia-ctk does. They are gone after a boot: if nvidia-ctk is installed, a udev rule runs it when
        the driver is loaded; a rule of the administrator for that stays as it is.

    References:
        https://github.com/NVIDIA/nvidia-container-toolkit/issues/48
    """
    users = [one for one in containers.running() if by_hook(one)]
    if not users or info.cgroup_driver != "systemd" or not gpus.unlinked:
        return
    yield Finding(
        subject=Subject("directory", "/dev/char"),
        message=f"{titles(users)} {'loses its' if len(users) == 1 else 'lose their'} GPU at the next systemctl daemon-reload: "
        f"/dev/char has no links to {', '.join(gpus.unlinked)}",
        evidence=(
            Evidence("GET /info", "cgroup driver systemd"),
            *(Evidence(link, f"no such file, for {node}") for node, link in list(gpus.unlinked.items())[:5]),
        ),
        detail=CharLinks(links=dict(gpus.unlinked), tool=gpus.tool),
    )
