"""Unpack a lost snapshot again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.containerd import Unpack
from doctor.facts.containerd.sources import SnapshotSources
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def containerd_snapshot_missing(finding: Finding, detail: OfFile, sources: SnapshotSources) -> Iterator[Action]:
    """Make the layer's directory from its proven content; of anything else say that there is no second copy."""
    path = detail.path
    found = sources.items.get(path)
    if found is not None and not found.problem and all(one.is_restorable for one in found.entries):
        yield Unpack(
            top=path, entries=found.entries, contents=found.contents, title=f"layer {finding.subject.name[-64:][:12]}"
        )
    elif found is not None:
        yield Advise(
            text=f"{fetch_again(())}: {path} can't be unpacked: "
            + (found.problem or "some of its entries can't be made by doctor")
        )
    else:
        yield Advise(
            text=f"cp -a it back to {path} from a backup of the same age; it has no second copy. A container without it can only be"
            " removed (docker rm) and created again"
        )
