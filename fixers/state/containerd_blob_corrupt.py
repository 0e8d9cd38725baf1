"""Bring an altered content of containerd back from a copy with its digest."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.containerd_content import ContainerdContent
from doctor.facts.containerd_sources import DeepBlobSources
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def containerd_blob_corrupt(finding: Finding, content: ContainerdContent, sources: DeepBlobSources) -> Iterator[Action]:
    """Write the copy that has the digest, or the one flipped bit turned back; without one, name the images."""
    path = finding.detail.path
    digits = path.rpartition("/")[2]
    source = sources.items.get(path)
    if source is not None:
        yield Rebuild(
            items=(Wanted(path=path, node=File(content=source.content), mode=0o444),),
            what=f"restore content {digits[:12]} from {source.origin}",
            stage=Stage.CONTENTS,
        )
        return
    images = sorted({name for store in content.items for name in store.needing.get(digits, ())})
    if images:
        yield Advise(
            text=f"remove and pull or load again: {', '.join(images[:6])}; no copy of content {digits[:12]} has its digest, and a pull "
            "alone does not bring it back while containerd lists it"
        )
    else:
        yield Advise(text="'docker builder prune' lets go of it: only a build cache can have it")
