"""Restore a corrupt blob of containerd from a copy with its digest."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.containerd_lists import restore_content
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.containerd.sources import DeepBlobSources
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def containerd_blob_corrupt(detail: OfFile, content: ContainerdContent, sources: DeepBlobSources) -> Iterator[Action]:
    """Write the copy with the right digest, or flip the one wrong bit back; otherwise name the images to pull again."""
    path = detail.path
    images = {name for store in content.items for name in store.needing.get(path.rpartition("/")[2], ())}
    yield from restore_content(path, sources.items.get(path), images)
