"""Containers ask for a GPU that the host can't give them."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import GpuProblem
from doctor.facts.containers.gpus import Gpus, by_cdi, by_hook
from doctor.facts.containers.needs import severity_of, titles


@check(
    severity=Severity.WARNING,
    detail=GpuProblem,
    ok="the host has what its containers with GPUs need",
    messages=(
        Message(
            pattern=r"could not select device driver \"(?!cdi)\S*\" with capabilities: \[\[[\w ,]*\b(?:gpu|compute|utility|video|graphics|display|nvidia)\b[\w ,]*\]\]|nvidia-container-cli: .*|nvidia-container-runtime\S* did not terminate successfully.*|exec: \"nvidia-\S+ executable file not found in \$PATH|NVML: (?:Driver/library version mismatch|Insufficient Permissions).*",
            example='docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
            means="the NVIDIA Container Toolkit is missing or not registered, or the driver of the host does not work or was upgraded without a reboot",
            do="run 'nvidia-smi' on the host first; then 'nvidia-ctk runtime configure --runtime=docker' and restart the engine; for CDI 'nvidia-ctk cdi generate'",
            also=("containers/runtime-missing", "kernel/reboot-needed"),
            apart="'nvidia-smi' on the host, and 'command -v nvidia-container-runtime-hook'",
        ),
    ),
)
def gpu_unusable(containers: Containers, gpus: Gpus) -> Iterator[Finding]:
    """Containers ask for an NVIDIA GPU, and the toolkit or the driver that gives it to them is missing or does not fit.

    What it looks at:
        Containers with ``--gpus``, the runtime nvidia or a CDI device nvidia.com/…: the program nvidia-container-runtime-hook, the
        version of the loaded kernel module, and that of the driver's libraries.

    Why it matters:
        Without the hook, ``docker start`` fails with "could not select device driver". Without the module or with libraries of
        another version, it fails in nvidia-container-cli, or the program sees no GPU. The usual cause is an upgrade of the kernel
        or the driver without a reboot.

    How it is fixed:
        Manually: install the toolkit and restart the engine, which looks for the hook at its start; load or build the module; or reboot.

    References:
        https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/troubleshooting.html
        https://github.com/moby/moby/blob/v26.1.5/daemon/nvidia_linux.go
    """
    hooked = [one for one in containers.items if by_hook(one)]
    asking = [
        one for one in containers.items if one in hooked or any(name.startswith("nvidia.com/") for name in by_cdi(one))
    ]
    asked = [one for one in hooked if one.host is not None and one.host.device_requests]
    if asked and not gpus.hook:
        yield Finding(
            subject=Subject("program", "nvidia-container-runtime-hook"),
            message=f"the NVIDIA Container Toolkit is not installed: the next start of {titles(asked)} fails",
            evidence=(Evidence("directories of programs", "no nvidia-container-runtime-hook"),),
            severity=severity_of(asked),
            detail=GpuProblem(kind="toolkit"),
        )
    if asking and not gpus.driver:
        yield Finding(
            subject=Subject("module", "nvidia"),
            message=f"the NVIDIA driver is not loaded: {titles(asking)} can't use a GPU",
            evidence=(
                Evidence("/sys/module/nvidia/version", "no such file"),
                Evidence("driver libraries", ", ".join(gpus.libraries) or "none"),
            ),
            severity=severity_of(asking),
            detail=GpuProblem(kind="driver"),
        )
    elif asking and gpus.libraries and gpus.driver not in gpus.libraries:
        yield Finding(
            subject=Subject("module", "nvidia"),
            message=f"driver {gpus.driver} is loaded, and the libraries are {', '.join(gpus.libraries)}: {titles(asking)} can't use a GPU",
            evidence=(
                Evidence("/sys/module/nvidia/version", gpus.driver),
                Evidence("libnvidia-ml.so", ", ".join(gpus.libraries)),
            ),
            severity=severity_of(asking),
            detail=GpuProblem(kind="mismatch"),
        )
