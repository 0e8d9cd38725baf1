"""Containers whose health check fails, as the running engine sees them: it does not write that to disk."""

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.model.missing import Missing


class Unhealthy(Struct, frozen=True, kw_only=True):
    """A container whose health check fails.

    Attributes:
        container: the container.
        streak: failures in a row; 0 if the engine was not asked, because there are too many.
        exit_code: of the last test; -1 if the engine ended it, because it took too long.
        output: the last output of the test, as it may be shown.
    """

    container: Container
    streak: int = 0
    exit_code: int = 0
    output: str = ""

    @property
    def is_broken_test(self) -> bool:
        """Whether the test itself can't run: its program is missing or not executable."""
        return self.exit_code in {126, 127}


class Health(Struct, frozen=True, kw_only=True):
    """The unhealthy containers. Empty on a healthy host."""

    items: tuple[Unhealthy, ...] = ()
    gaps: tuple[Missing, ...] = ()
