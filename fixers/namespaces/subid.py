"""Give the remapped user its ids."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import EditFile
from doctor.facts.kernel.details import NoIds
from doctor.facts.kernel.namespaces import NEEDED_IDS


@fixer(applicability=Applicability.SAFE)
def subid(detail: NoIds) -> Iterator[Action]:
    """Add a range behind all others; an engine that failed for want of it starts."""
    yield EditFile(
        path=detail.file,
        edit=_with(f"{detail.user}:{detail.start}:{NEEDED_IDS}\n".encode()),
        what=f"give {detail.user} the ids from {detail.start} on in {detail.file}",
        create=True,
        needs_engine_restart=True,
    )


def _with(line: bytes) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        joint = b"" if not old or old.endswith(b"\n") else b"\n"
        return old + joint + line

    return edit
