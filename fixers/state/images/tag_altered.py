"""Flip the changed bit in an image's name back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.bits import FlipBits
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.details import OfTag
from doctor.facts.images.tag_readings import AlteredTag, Reading
from doctor.model.paths import HostPath


@fixer(applicability=Applicability.SAFE)
def tag_altered(detail: OfTag, altered: AlteredTags) -> Iterator[Action]:
    """Flip the bit back if it is proven; ask if several names are possible."""
    item = detail.item
    if item.proof:
        yield _edit(altered.path, item, item.readings[0])
    elif item.readings:
        yield Choose(
            question=_question(item),
            options=tuple(
                Choosable(
                    name=reading.name,
                    evidence=_evidence(reading),
                    actions=(_edit(altered.path, item, reading),),
                )
                for reading in item.readings
            ),
        )
    else:
        name = "NAME" if item.part == "reference" else item.name
        yield Advise(text=f"find the image with 'docker images -a', then name it again with 'docker tag IMAGE {name}'")


def _question(item: AlteredTag) -> str:
    if item.part == "digest":
        return f"which image {item.name} refers to"
    if item.part == "either":
        return f"which name is right, since {item.name} and its repository disagree"
    return f"which name became {item.name} through a flipped bit"


def _evidence(reading: Reading) -> tuple[Evidence, ...]:
    place = Evidence("byte", ", ".join(str(flip.position) for flip in reading.flips))
    return (place, Evidence("according to", reading.source)) if reading.source else (place,)


def _edit(path: HostPath, item: AlteredTag, reading: Reading) -> EditFile:
    what = {
        "list": f"correct the flipped bit in the key {item.name}: it becomes {reading.name}",
        "either": f"correct the flipped bit, so that the name and its repository agree on {reading.name}",
        "digest": f"correct the flipped bit in the image ID of {item.name}: it becomes {reading.name[7:19]}",
    }
    return EditFile(
        path=path,
        edit=FlipBits(flips=reading.flips),
        what=what.get(item.part, f"correct the flipped bit in the name {item.name}: it becomes {reading.name}"),
        stage=Stage.TAGS,
    )
