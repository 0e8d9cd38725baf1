"""A rule that keeps packets out."""

from msgspec import Struct

POLICY = "policy"


class Guard(Struct, frozen=True, kw_only=True):
    """A rule that drops packets, or makes them bypass an accept: table ("filter", "inet fw"), chain, and text; ``policy`` for a policy."""

    table: str
    chain: str
    text: str
