"""How long versions of the engine and containerd are looked after, and what runs against what is installed."""

from msgspec import Struct

from doctor.model.process import Process


class Series(Struct, frozen=True, kw_only=True):
    """One series of releases.

    Attributes:
        numbers: what its versions begin with ((26,), (1, 7)).
        last: its last release as a reader wants it, "" if unknown.
        state: ``current``, ``ended`` or ``third parties`` (others than its makers go on).
        ends: day on which support ends ("2026-09-30"), "" if no day was announced.
    """

    numbers: tuple[int, ...]
    last: str = ""
    state: str = ""
    ends: str = ""


class Lifecycles(Struct, frozen=True, kw_only=True):
    """The table (``data/lifecycles.json``), and the host's own day to compare with.

    Attributes:
        checked: day on which the table was last compared with its sources.
        today: the host's date ("2026-11-24").
    """

    checked: str
    today: str
    engine: tuple[Series, ...]
    containerd: tuple[Series, ...]

    def of_engine(self, release: tuple[int, ...]) -> Series | None:
        """Return the engine's series that a release belongs to; a major number that never was has none."""
        return next((series for series in self.engine if release[: len(series.numbers)] == series.numbers), None)

    def of_containerd(self, release: tuple[int, ...]) -> Series | None:
        """Return containerd's series that a release belongs to."""
        return next((series for series in self.containerd if release[: len(series.numbers)] == series.numbers), None)


class ReplacedPrograms(Struct, frozen=True, kw_only=True):
    """Programs of the engine that run from a file that is no longer there: an upgrade put another in its place.

    Attributes:
        items: their processes, dockerd and containerd; shims keep running old files by design and are left out.
    """

    items: tuple[Process, ...] = ()
