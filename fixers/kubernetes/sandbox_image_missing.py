"""Advise how to get the sandbox image."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containerd.sandbox import SandboxImage, full_name


@fixer(applicability=Applicability.MANUAL)
def sandbox_image_missing(detail: SandboxImage) -> Iterator[Action]:
    """Show the command that pulls it, and the way without a registry."""
    name = full_name(detail.name) if detail.name else "registry.k8s.io/pause:3.10"
    yield Advise(
        text=f"ctr -n k8s.io images pull {name}; without a registry: ctr -n k8s.io images export pause.tar {name} on a node that has"
        " it, and ctr -n k8s.io images import pause.tar here"
    )
