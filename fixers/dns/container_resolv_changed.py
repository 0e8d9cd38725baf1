"""Write the engine's resolv.conf back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.files import WriteInPlace
from doctor.facts.path.ends.files import ChangedFile


@fixer(applicability=Applicability.SAFE)
def container_resolv_changed(detail: ChangedFile) -> Iterator[Action]:
    """Write what the engine wrote, proven by its digest; else show the restart."""
    if not detail.wanted:
        yield Advise(text=f"docker restart {detail.container}")
        return
    yield WriteInPlace(path=detail.path, now=detail.now, wanted=detail.wanted, container=detail.container)
