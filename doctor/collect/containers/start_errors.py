"""Explains why the last start of a container failed. Costs nothing without such a container."""

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.start_errors import StartErrors
from doctor.model.declare import collector
from doctor.model.message import KnownMessage
from doctor.plugins.messages import explained


@collector
def start_errors(containers: Containers) -> StartErrors:
    """Return what is known; each different error is matched once."""
    texts: dict[str, KnownMessage | None] = {}
    known = {}
    for one in containers.items:
        if not one.has_failed_start:
            continue
        text = one.state.error.replace(one.id, "")
        if text not in texts:
            found = explained(text)
            texts[text] = found.best if found is not None else None
        best = texts[text]
        if best is not None:
            known[one.id] = best
    return StartErrors(known=known)
