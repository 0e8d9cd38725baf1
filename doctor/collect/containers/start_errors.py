"""Explains why the last start of a container failed. Costs nothing without such a container."""

from doctor.facts.containers.containers import Containers
from doctor.facts.containers.start_errors import StartErrors, cause_of
from doctor.model.declare import collector
from doctor.plugins.messages import explained


@collector
def start_errors(containers: Containers) -> StartErrors:
    """Return what is known; each different error is matched once."""
    texts = {one.id: cause_of(one) for one in containers.items if one.has_failed_start}
    found = explained(texts.values())
    return StartErrors(known={identity: found[text].best for identity, text in texts.items() if text in found})
