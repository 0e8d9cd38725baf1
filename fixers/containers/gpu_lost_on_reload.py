"""Create the links to the GPU's device nodes, now and at each boot."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, HostPath, Stage, fixer
from doctor.api.actions.files import EditFile, MakeSymlink
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
        what = f"create these links at each boot, by {_RULE}"
        yield EditFile(what=what, path=_RULE, edit=_with(line.encode()), create=True)


def _with(line: bytes) -> Callable[[bytes], bytes]:
    """Return the edit that adds a rule to a file of others, unless it has one of its own for these links."""

    def edit(old: bytes) -> bytes:
        if any(b"create-dev-char-symlinks" in row and not row.lstrip().startswith(b"#") for row in old.split(b"\n")):
            return old
        return old + (b"" if not old or old.endswith(b"\n") else b"\n") + line

    return edit
