"""Add subordinate ids for the user of userns-remap."""

from collections.abc import Callable, Iterator
from shlex import quote

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import EditFile
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.kernel.details import NoIds
from doctor.facts.kernel.namespaces import NEEDED_IDS
from doctor.facts.storage.driver import holders


@fixer(applicability=Applicability.SAFE)
def subid(detail: NoIds, root: DataRoot | Missing) -> Iterator[Action]:
    """Add a range after all others; an engine that failed without it is started. Advise if that would hide images."""
    line = f"{detail.user}:{detail.start}:{NEEDED_IDS}"
    if isinstance(root, DataRoot) and root.mapped_root is None and any(holders(root)):
        # A last line without its end would be joined with the new one; an empty line is nothing to all readers.
        yield Advise(
            text=f"with userns-remap the engine uses a data root of its own, and does not show the images and containers of "
            f"{root.resolved}: remove userns-remap to keep them, or: "
            f"printf '\\n%s\\n' {quote(line)} >>{detail.file}, then start the engine"
        )
        return
    yield EditFile(
        path=detail.file,
        edit=_with(f"{line}\n".encode()),
        what=f"add {NEEDED_IDS} ids from {detail.start} for {detail.user} in {detail.file}",
        create=True,
        needs_engine_restart=True,
    )


def _with(line: bytes) -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        joint = b"" if not old or old.endswith(b"\n") else b"\n"
        return old + joint + line

    return edit
