"""Programs of images that can't be executed: why the kernel or runc refused them."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.containers.containers import Container, Containers
from doctor.model.missing import Missing


class ProgramFault(Struct, frozen=True, kw_only=True):
    """The program that a container's start failed to execute.

    Attributes:
        kind: ``architecture``, ``missing``, ``not-executable``, ``directory``, ``no-interpreter`` (the file that its first line
            or its ELF header names is missing), ``line-ends`` (Windows line ends in the first line), ``byte-order-mark``,
            ``empty``, ``no-first-line`` (no ELF header and no ``#!``).
        program: its path in the container, as the error or the container's settings name it.
        place: the file on the host that was read, "" if it is missing.
        needs: the missing interpreter, or the architecture that the program is built for.
        error: what runc printed, as it may be shown.
        handler: a binfmt_misc entry that fits and does not work in containers, because it is disabled or has no flag F.
    """

    kind: str
    program: str
    place: str = ""
    needs: str = ""
    error: str = ""
    handler: str = ""


class ProgramFaults(Struct, frozen=True, kw_only=True):
    """Container id → its fault; a container whose fault could not be found on disk is missing.

    Attributes:
        items: as stated. Empty on a healthy host.
        machine: the host's architecture ("amd64"), "" if it was not needed.
        gaps: what could not be examined.
    """

    items: dict[str, ProgramFault] = {}
    machine: str = ""
    gaps: tuple[Missing, ...] = ()

    def found(self, containers: Containers) -> Iterator[tuple[Container, ProgramFault]]:
        """Yield the containers with a fault."""
        return ((one, self.items[one.id]) for one in containers.items if one.id in self.items)
