"""Create the links to the GPU's device nodes, now and at each boot."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, HostPath, Stage, fixer
from doctor.api.actions.files import MakeSymlink, WriteFile
from doctor.facts.containers.details import CharLinks

_RULE = HostPath("/etc/udev/rules.d/71-nvidia-dev-char.rules")


@fixer(applicability=Applicability.SAFE)
def gpu_lost_on_reload(detail: CharLinks) -> Iterator[Action]:
    """Link the nodes; if nvidia-ctk is there, a udev rule runs it when the driver is loaded."""
    for node, link in detail.links.items():
        target = f"../{node.removeprefix('/dev/')}"
        yield MakeSymlink(path=HostPath(link), target=target, what=f"link {link} to {node}", stage=Stage.KERNEL)
    if detail.tool:
        line = f'ACTION=="add", DEVPATH=="/bus/pci/drivers/nvidia", RUN+="{detail.tool} system create-dev-char-symlinks --create-all"\n'
        yield WriteFile(what=f"create these links at each boot, by {_RULE}", path=_RULE, content=line.encode())
