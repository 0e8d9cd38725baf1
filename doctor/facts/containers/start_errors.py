"""The errors of containers whose last start failed, explained."""

from msgspec import Struct

from doctor.model.message import KnownMessage


class StartErrors(Struct, frozen=True, kw_only=True):
    """Container id → the message that its ``State.Error`` contains; a container with an unknown error is missing."""

    known: dict[str, KnownMessage] = {}
