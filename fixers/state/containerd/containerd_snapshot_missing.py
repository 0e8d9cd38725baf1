"""Unpack a missing snapshot again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.containerd import Unpack
from doctor.facts.containerd.sources import SnapshotSources
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def containerd_snapshot_missing(finding: Finding, detail: OfFile, sources: SnapshotSources) -> Iterator[Action]:
    """Recreate an image layer from its verified content; otherwise report that there is no second copy."""
    path = detail.path
    found = sources.items.get(path)
    if found is not None and not found.problem and all(one.is_restorable for one in found.entries):
        yield Unpack(
            top=path, entries=found.entries, contents=found.contents, title=f"layer {finding.subject.name[-64:][:12]}"
        )
    elif found is not None:
        yield Advise(
            text=f"{fetch_again(())}: {path} can't be unpacked: "
            + (found.problem or "doctor can't recreate some of its entries")
        )
    else:
        yield Advise(
            text=f"restore {path} from a backup of the same age with cp -a: it has no second copy. A container without it has lost the"
            " files that it wrote, and can only be removed (docker rm) and created again"
        )
