"""Unpack altered entries of a snapshot again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.containerd import Unpack
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.containerd.sources import DeepSnapshotSources
from doctor.facts.details import OfFile
from doctor.model.text import visible


@fixer(applicability=Applicability.SAFE)
def containerd_snapshot_altered(
    finding: Finding, detail: OfFile, content: ContainerdContent, sources: DeepSnapshotSources
) -> Iterator[Action]:
    """Write entries that differ from the layer's content; show how to fetch the image if that is impossible."""
    path = detail.path
    found = sources.items.get(path)
    name = finding.subject.name
    look = next((store.looks[name] for store in content.items if name in store.looks), None)
    if found is None or found.problem or look is None:
        why = found.problem if found is not None else "it can't be read"
        yield Advise(text=f"{fetch_again(())}: {path} can't be unpacked again: {why}")
        return
    can = tuple(one for one in found.entries if one.is_restorable)
    names = {one.name for one in can}
    extra = tuple(one for one in look.extra if _is_text(one))
    if can or extra:
        yield Unpack(
            top=path,
            entries=can,
            contents={one: data for one, data in found.contents.items() if one in names},
            extra=extra,
            title=f"layer {name[-64:][:12]}",
        )
        return
    left = ", ".join(visible(one.name.decode("utf-8", "surrogateescape")) for one in found.entries[:6])
    yield Advise(text=f"{fetch_again(())}: doctor can't recreate these entries: {left}")


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
