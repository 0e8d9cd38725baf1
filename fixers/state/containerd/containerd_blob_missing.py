"""Restore a missing blob of containerd from a copy with its digest."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.containerd_lists import restore_content
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.containerd.sources import BlobSources
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def containerd_blob_missing(detail: OfFile, lists: ContainerdLists, sources: BlobSources) -> Iterator[Action]:
    """Write the copy with the right digest; otherwise show how to fetch the images again."""
    path = detail.path
    images = {name for known in lists.items for name in known.needing(path.rpartition("/")[2])}
    yield from restore_content(path, sources.items.get(path), images)
