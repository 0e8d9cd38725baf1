"""Advise how to make a GPU usable."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import GpuProblem
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def gpu_unusable(detail: GpuProblem, system: System | Missing) -> Iterator[Action]:
    """Show the commands; drivers and repositories are the administrator's choice."""
    yield Advise(
        text={
            "toolkit": f"{install(system, 'nvidia-container-toolkit')} (from https://nvidia.github.io/libnvidia-container/), then: "
            "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker",
            "driver": "modprobe nvidia; nvidia-smi; if the module does not exist for this kernel: dkms status, and reinstall the driver",
            "mismatch": "reboot, or end all programs with a GPU and reload the module: rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia; "
            "modprobe nvidia",
        }[detail.kind]
    )
