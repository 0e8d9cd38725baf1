"""Turn the flipped bit of an image's name back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.bits import FlipBits
from doctor.api.actions.choose import Choose, Option
from doctor.api.actions.files import EditFile
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.details import OfTag
from doctor.facts.images.tag_readings import AlteredTag, Reading
from doctor.model.paths import HostPath


@fixer(applicability=Applicability.SAFE)
def tag_altered(detail: OfTag, altered: AlteredTags) -> Iterator[Action]:
    """Write the one byte that is proven; ask where several fit."""
    item = detail.item
    if item.proof:
        yield _edit(altered.path, item, item.readings[0])
    elif item.readings:
        yield Choose(
            question=_question(item),
            options=tuple(
                Option(
                    name=reading.name,
                    evidence=_evidence(reading),
                    actions=(_edit(altered.path, item, reading),),
                )
                for reading in item.readings
            ),
        )
    else:
        name = "NAME" if item.part == "reference" else item.name
        yield Advise(
            text=f"give the image its name again ('docker tag IMAGE {name}'), once 'docker images -a' shows which one it is"
        )


def _question(item: AlteredTag) -> str:
    if item.part == "digest":
        return f"which image {item.name} means"
    return f"what {item.name} was called before a bit of it flipped"


def _evidence(reading: Reading) -> tuple[Evidence, ...]:
    place = Evidence("byte", ", ".join(str(flip.position) for flip in reading.flips))
    return (place, Evidence("shown by", reading.source)) if reading.source else (place,)


def _edit(path: HostPath, item: AlteredTag, reading: Reading) -> EditFile:
    what = {
        "list": f"turn the flipped bit of the key {item.name} back: {reading.name}",
        "digest": f"turn the flipped bit in what {item.name} means back: image {reading.name[7:19]}",
    }
    return EditFile(
        path=path,
        edit=FlipBits(flips=reading.flips),
        what=what.get(item.part, f"turn the flipped bit of {item.name} back: {reading.name}"),
        stage=Stage.TAGS,
    )
