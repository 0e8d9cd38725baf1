"""Advise how to free space."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.details import Largest


@fixer(applicability=Applicability.MANUAL)
def disk_full(detail: Largest) -> Iterator[Action]:
    """Show the commands that free the most; the user decides what to delete."""
    known = list(dict.fromkeys(eater.remedy for eater in detail.eaters if eater.frees))
    if known:
        more = f"; du -xah {detail.path} | sort -h | tail -20 shows what is larger" if detail.explains_little else ""
        yield Advise(text=f"free space as you see fit: {'; '.join(known)}{more}")
        return
    yield Advise(
        text="find what uses the space: docker system df -v; journalctl --disk-usage; "
        "then journalctl --vacuum-size=500M, docker image prune or docker builder prune as you see fit"
    )
