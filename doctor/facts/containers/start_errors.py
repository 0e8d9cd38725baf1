"""The errors of containers whose last start failed, explained."""

import re

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.model.message import KnownMessage, flat


class StartErrors(Struct, frozen=True, kw_only=True):
    """The causes of failed starts, by container id.

    Attributes:
        known: the message that its ``State.Error`` contains; a container with an unknown error is missing.
        apart: containers that need something that does not exist: the checks of these causes report it.
        gone: why a start succeeds now; a container whose cause may still exist is missing.
    """

    known: dict[str, KnownMessage] = {}
    apart: frozenset[str] = frozenset()
    gone: dict[str, str] = {}


def cause_of(one: Container) -> str:
    """Return the error of a container's last start without ids, so that containers with the same cause have the same text."""
    return re.sub(r"[0-9a-f]{12,64}", "…", flat(one.state.error))
