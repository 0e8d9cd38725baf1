"""Interfaces on the engine's bridges that no running container uses."""

from msgspec import Struct


class LoosePair(Struct, frozen=True, kw_only=True):
    """A veth on a bridge, both ends of which are in the host's namespace.

    Attributes:
        outer: the end on the bridge; ``inner`` the other one.
        outer_index: and ``inner_index``: their numbers.
        is_up: whether the end on the bridge is up.
        in_use: why the other end may be in use, "" if it surely is not.
    """

    bridge: str
    outer: str
    inner: str
    outer_index: int
    inner_index: int
    mtu: int
    is_up: bool
    in_use: str = ""


class LooseVeths(Struct, frozen=True, kw_only=True):
    """Those of all bridges.

    Attributes:
        pairs: with both ends in the host's namespace, and seen twice.
        lost: name → bridge of those whose other end is in a namespace of no running container, if all of these were read.
    """

    pairs: tuple[LoosePair, ...] = ()
    lost: dict[str, str] = {}
