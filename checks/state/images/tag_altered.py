"""A flipped bit changed the name of an image."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.details import OfTag

if TYPE_CHECKING:
    from doctor.facts.images.tag_readings import AlteredTag


@check(severity=Severity.ERROR, detail=OfTag, breaks=("image",), ok="no flipped bit changed the name of an image")
def tag_altered(altered: AlteredTags) -> Iterator[Finding]:
    """A flipped bit changed a name in the list of images, so the image can't be used by its name.

    What it looks at:
        ``image/overlay2/repositories.json`` in the data root, if it is valid JSON: whether each name matches its repository, is
        a valid reference and is unique; whether the digest of a name differs from an image's ID in one bit; whether the key of
        the list is the one that the engine reads. Only differences of a single bit are reported. If the list has the same size
        as in doctor's metadata backup, also names that differ from the backup in one bit. If such a name is otherwise valid, a
        person may have chosen it: it is only noted, and not reported if the difference is a digit.

    Why it matters:
        dockerd does not check this and starts. It lists a name under which no image is found, or lists none; ``docker run``
        then pulls the image that a registry has under that name, or fails. If the key of the list is changed, all names are
        missing, and the next tag overwrites them permanently.

    How it is fixed:
        The bit is flipped back, and the rest of the file is kept. The original name is derived from the other names of the
        repository, the grammar of references, the IDs of the existing images, the backup, a container created from the image,
        or the order in which the engine writes. If two names are possible, the administrator chooses.

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
        return "a flipped bit hides the list of image names from the engine: no image can be used by its name"
    if not item.readings and item.part == "digest":
        return f"name {item.name} refers to an invalid image ID: the image can't be used by this name"
    if not item.readings:
        return f"name {item.name} occurs twice: one of the images can't be used by its name"
    if item.part == "digest":
        return f"a flipped bit made name {item.name} refer to an image that never existed: the image can't be used by this name"
    if item.is_doubt:
        return f"image {item.name} had the name {right}, which differs in one bit: a flipped bit, unless someone renamed it"
    if item.part == "repository":
        return f"a flipped bit moved the images of {right} to {item.name}: they can't be used by their names"
    if item.part == "either":
        return f"a flipped bit made name {item.name} and its repository disagree: the image can't be used by its name"
    if item.proof:
        return f"a flipped bit changed the name {right} to {item.name}: the image can't be used by its name"
    return f"a flipped bit changed the name of an image to {item.name}: the image can't be used by its name"


def _evidence(item: "AlteredTag", altered: AlteredTags) -> Iterator[Evidence]:
    meant = f" → {item.image}" if item.image else ""
    yield Evidence(altered.path, f"{item.name}{meant}")
    for reading in item.readings:
        flips = ", ".join(
            f"byte {flip.position}: {flip.was:#04x} instead of {flip.right:#04x}" for flip in reading.flips
        )
        by = f", according to {reading.source}" if reading.source else ""
        yield Evidence(f"differs in one bit from {reading.name}", f"{flips}{by}")
    if item.proof:
        yield Evidence("proof", item.proof)
    if altered.age and any(reading.source == "the backup" for reading in item.readings):
        yield Evidence("time of the backup", altered.age.removeprefix("of "))
