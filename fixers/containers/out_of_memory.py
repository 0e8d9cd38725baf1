"""Advise how to give a container more memory."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import OutOfMemory


@fixer(applicability=Applicability.MANUAL)
def out_of_memory(detail: OutOfMemory) -> Iterator[Action]:
    """Show the command for the limit that was reached; only the user knows how much the program needs."""
    if detail.own:
        # docker takes megabytes as binary ones.
        twice = max(16, -(-detail.own * 2 >> 20))
        text = f"docker update --memory {twice}m --memory-swap {twice}m {detail.name}"
    elif detail.group:
        text = f"raise the limit in {detail.group}, or move the container to another group"
    else:
        text = "free memory on the host (docker stats --no-stream; free -m), or limit the container that uses most"
    yield Advise(text=text if detail.runs else f"{text}, then: docker start {detail.name}")
