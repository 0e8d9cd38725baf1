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
            pattern=r"could not select device driver \"(?!cdi)\S*\" with capabilities: \[\[[\w ,]*\b(?:gpu|compute|utility|video|graphics|display|nvidia)\b[\w ,]*\]\]|nvidia-container-cli\S*: (?!initialization error: (?:nvml|cuda|driver|cannot open|load library)|requirement error|device error|mount error|container error|open failed|ldcache error).*|nvidia-container-runtime\S* did not terminate successfully.*|exec: \"nvidia-\S+ executable file not found in \$PATH|NVML: (?:Driver/library version mismatch|Insufficient Permissions).*",
            example='docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].',
            means="the NVIDIA Container Toolkit is missing or not registered, or the driver of the host does not work or was upgraded without a reboot",
            do="run 'nvidia-smi' on the host first; then 'nvidia-ctk runtime configure --runtime=docker' and restart the engine; for CDI 'nvidia-ctk cdi generate'",
            also=("containers/runtime-missing", "kernel/reboot-needed"),
            apart="'nvidia-smi' on the host, and 'command -v nvidia-container-runtime-hook'",
        ),
        Message(
            pattern=r"nvidia-container-cli\S*: initialization error: (?:nvml error: driver not loaded|(?:nvml|cuda|driver) error: (?:unknown error|failed to process request)|driver (?:rpc )?error: (?:failed to process request|timed out)).*|NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.*|nvml error: .*",
            example="nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
            means="the NVIDIA kernel driver of the host is not loaded, does not fit the kernel, or does not answer in time",
            do="run 'nvidia-smi' on the host: if it fails too, load or install the driver for 'uname -r' (dkms status, Secure Boot), or reboot after an upgrade; if it is slow, run nvidia-persistenced",
            also=("kernel/reboot-needed", "kernel/module-not-loadable"),
            apart="'nvidia-smi' on the host and 'journalctl -k -g NVRM'",
        ),
        Message(
            pattern=r"nvidia-container-cli\S*: (?:initialization error: )?(?:cannot open shared object file|load library failed: \S+).*|\blibnvidia-ml\.so\S*: cannot open shared object file.*|nvidia-container-cli\S*: ldcache error: .*",
            example="nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown",
            means="the toolkit does not find the libraries of the NVIDIA driver on the host: the driver is not installed, or the engine is one that can't see them (snap, Docker Desktop, a second engine)",
            do="run 'ldconfig -p | grep libnvidia-ml' and 'nvidia-smi' on the host; install the driver's library package, or use the engine of Docker's packages; if ldconfig is elsewhere, set ldconfig in /etc/nvidia-container-runtime/config.toml",
            also=("access/two-engines",),
            apart="'ldconfig -p | grep libnvidia-ml' on the host, and 'docker context show'",
        ),
        Message(
            pattern=r"nvidia-container-cli\S*: requirement error: .*|unsatisfied condition: (?:cuda|driver|brand)\S*.*",
            example="nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.2, please update your driver to a newer version, or use an earlier cuda container: unknown",
            means="the image needs a newer NVIDIA driver than the host has",
            do="upgrade the driver, or use an image for an earlier CUDA ('nvidia-smi' shows the newest that the driver supports); NVIDIA_DISABLE_REQUIRE=1 skips the test",
        ),
        Message(
            pattern=r"nvidia-container-cli\S*: device error: .*",
            example="nvidia-container-cli: device error: 1: unknown device: unknown",
            means="the container asks for a GPU that this host does not have",
            do="compare --gpus and NVIDIA_VISIBLE_DEVICES with 'nvidia-smi -L'",
        ),
        Message(
            pattern=r"nvidia-container-cli\S*: (?:mount error: .*|container error: (?:cgroup subsystem devices not found|failed to get device cgroup).*|open failed: /sys/fs/cgroup/devices\S* .*)",
            example="nvidia-container-cli: container error: cgroup subsystem devices not found: unknown",
            means="the toolkit can't set up the GPU in the container: it can't write the control groups (a rootless engine, or a toolkit older than cgroup v2), or a file of the driver is already in the image",
            do="upgrade the toolkit to 1.8 or newer; for a rootless engine set no-cgroups = true in /etc/nvidia-container-runtime/config.toml; remove files of a driver from the image",
            also=("cgroups/none-mounted",),
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
