"""Add subordinate ids for the user of userns-remap."""

from collections.abc import Callable, Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import EditFile
from doctor.facts.kernel.details import NoIds
from doctor.facts.kernel.namespaces import NEEDED_IDS


@fixer(applicability=Applicability.SAFE)
def subid(detail: NoIds) -> Iterator[Action]:
    """Add a range after all others; an engine that failed without it is started."""
    yield EditFile(
        path=detail.file,
        edit=_with(f"{detail.user}:{detail.start}:{NEEDED_IDS}\n".encode()),
        what=f"add {NEEDED_IDS} ids from {detail.start} for {detail.user} in {detail.file}",
        create=True,
        needs_engine_restart=True,
    )


def _with(line: bytes) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        joint = b"" if not old or old.endswith(b"\n") else b"\n"
        return old + joint + line

    return edit
