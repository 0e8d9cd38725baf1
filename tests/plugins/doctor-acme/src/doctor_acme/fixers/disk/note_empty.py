"""Name the duty desk."""

from collections.abc import Iterator

from doctor.api import Applicability, fixer
from doctor.api.actions.files import WriteFile
from doctor.model.action import Action
from doctor_acme.facts.note import OfNote


@fixer(applicability=Applicability.SAFE)
def note_empty(detail: OfNote) -> Iterator[Action]:
    """Write the duty desk into the note."""
    yield WriteFile(path=detail.path, content=b"duty desk\n", what="name the duty desk")
