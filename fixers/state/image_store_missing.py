"""Say how images come back of which nothing is known."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.facts.containers import Containers
from doctor.model.missing import Missing


@fixer(applicability=Applicability.MANUAL)
def image_store_missing(finding: Finding, containers: Containers | Missing) -> Iterator[Action]:
    """Name the ways, the lossless one first."""
    items = containers.items if isinstance(containers, Containers) else ()
    names = sorted({one.image for one in items if one.image})
    again = f"pull or load again: {', '.join(names[:8])}" if names else "pull or load the images again"
    yield Advise(
        text=f"put {finding.subject.name} back from a copy of this disk, if there is one; else {again}, and copy what "
        "containers wrote from overlay2/*/diff. Remove nothing below overlay2 before that"
    )
