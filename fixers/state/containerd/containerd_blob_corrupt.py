"""Bring an altered content of containerd back from a copy with its digest."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.containerd_lists import restore_content
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.containerd.sources import DeepBlobSources


@fixer(applicability=Applicability.SAFE)
def containerd_blob_corrupt(finding: Finding, content: ContainerdContent, sources: DeepBlobSources) -> Iterator[Action]:
    """Write the copy that has the digest, or the one flipped bit turned back; without one, name the images."""
    path = finding.detail.path
    images = {name for store in content.items for name in store.needing.get(path.rpartition("/")[2], ())}
    yield from restore_content(path, sources.items.get(path), images)
