"""A flipped bit has changed the name of an image."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.details import OfTag

if TYPE_CHECKING:
    from doctor.facts.images.tag_readings import AlteredTag


@check(severity=Severity.ERROR, detail=OfTag, breaks=("image",), ok="the names of images are as the engine wrote them")
def tag_altered(altered: AlteredTags) -> Iterator[Finding]:
    """A flipped bit has changed a name in the list of images, so the image can't be used by the name it was given.

    What it looks at:
        ``image/overlay2/repositories.json`` in the data root, where it is still JSON: whether each name fits the repository above it, is
        a reference at all and stands once; whether the digest of a name is one bit away from an image's; whether the key
        of the whole list is the one that the engine knows. Only what a single bit explains is told. Against doctor's
        metadata backup, where the list has the same size: names one bit away from those it has. A name that fits in every way may be
        a person's: it is only noted, and not at all where one digit stands for another.

    Why it matters:
        dockerd checks none of this and starts. It lists the name under which nothing is found, or lists none; ``docker
        run`` then pulls whatever a registry has under that name, or fails. Behind a flipped key of the list all names are gone,
        and the next tag writes them away for good.

    How it is fixed:
        The bit is turned back and the rest of the file stays. What was there is told by the other names of the repository,
        by the grammar, by the ids of the images that are here, by the backup, a container made from it, or the order in which the
        engine writes. Where two readings are left, a person chooses.

    References:
        https://github.com/moby/moby/blob/v26.1.5/reference/store.go
        https://github.com/distribution/reference/blob/v0.5.0/regexp.go
    """
    for item in altered.items:
        stands = Subject("image" if item.part == "digest" else "tag", item.name)
        yield Finding(
            subject=Subject("file", altered.path) if item.part == "list" else stands,
            message=_message(item),
            evidence=(*_evidence(item, altered),),
            detail=OfTag(item=item),
            severity=Severity.INFO if item.is_doubt else None,
        )


def _message(item: "AlteredTag") -> str:
    right = item.readings[0].name if item.readings else ""
    if item.part == "list":
        return "no image can be used by its name: a flipped bit hides the list of names from the engine"
    if not item.readings and item.part == "digest":
        return f"image {item.name} can't be used by its name: what it means is no image's id"
    if not item.readings:
        return f"an image can't be used by its name: another has it too, {item.name}"
    if item.part == "digest":
        return f"image {item.name} can't be used by its name: a flipped bit made it mean an image that never was"
    if item.is_doubt:
        return f"image {item.name} was called {right}, one bit away: a flipped bit, unless somebody renamed it"
    if item.part == "repository":
        return f"the images of {right} can't be used by their names: a flipped bit put them beneath {item.name}"
    if item.proof:
        return f"image {right} can't be used by its name: a flipped bit made it {item.name}"
    return f"an image can't be used by its name: a flipped bit made it {item.name}"


def _evidence(item: "AlteredTag", altered: AlteredTags) -> Iterator[Evidence]:
    meant = f" → {item.image}" if item.image else ""
    yield Evidence(altered.path, f"{item.name}{meant}")
    for reading in item.readings:
        flips = ", ".join(f"byte {flip.position}: {flip.was:#04x} for {flip.right:#04x}" for flip in reading.flips)
        by = f", shown by {reading.source}" if reading.source else ""
        yield Evidence(f"one bit away: {reading.name}", f"{flips}{by}")
    if item.proof:
        yield Evidence("proof", item.proof)
    if altered.age and any(reading.source == "the backup" for reading in item.readings):
        yield Evidence("age of the backup", altered.age)
