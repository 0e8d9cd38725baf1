"""Recreate containerd's list of images, or show how to keep the unlisted images."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.containerd_lists import recreate_list
from doctor.facts.containerd.details import ListLost
from doctor.facts.containerd.rebuilds import ContainerdRebuilds


@fixer(applicability=Applicability.SAFE)
def containerd_store_db_lost(detail: ListLost, rebuilds: ContainerdRebuilds) -> Iterator[Action]:
    """Write a list of everything on disk; if that can't be proven, advise against any start."""
    yield from recreate_list(detail.path, detail.beside, rebuilds, of="images")
