"""Listening sockets inside running containers that publish ports."""

from msgspec import Struct

from doctor.formats.network.proc_net import Listener
from doctor.model.missing import Missing

_MAPPED = "::ffff:"


class InnerListeners(Struct, frozen=True, kw_only=True):
    """The listening TCP sockets in one container's network namespace.

    Attributes:
        container: its name.
        published: numbers of its published TCP ports inside the container.
    """

    container: str
    published: tuple[int, ...]
    items: tuple[Listener, ...] = ()

    @property
    def open(self) -> tuple[int, ...]:
        """Return the ports at which others than the container itself reach a program."""
        return tuple(sorted({one.port for one in self.items if not _is_loopback(one.address)}))

    @property
    def closed(self) -> tuple[int, ...]:
        """Return the published ports at which no program can be reached."""
        return tuple(sorted(set(self.published) - set(self.open)))

    def loopback(self, port: int) -> str:
        """Return the address of a socket that only the container itself reaches at this port, "" for none."""
        return next((one.address for one in self.items if one.port == port), "")


class AllInnerListeners(Struct, frozen=True, kw_only=True):
    """Those of containers that publish TCP ports, have run for a minute, and can't redirect packets themselves; of many only the first."""

    items: tuple[InnerListeners, ...] = ()
    gaps: tuple[Missing, ...] = ()


def _is_loopback(address: str) -> bool:
    plain = address.removeprefix(_MAPPED)
    return plain == "::1" or plain.startswith("127.")
