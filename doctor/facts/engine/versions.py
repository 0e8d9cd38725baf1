"""Support periods of the engine and containerd, and running programs that an upgrade has replaced."""

from msgspec import Struct

from doctor.model.process import Process


class Series(Struct, frozen=True, kw_only=True):
    """One series of releases.

    Attributes:
        numbers: the prefix of its versions ((26,), (1, 7)).
        last: its last release, for display, "" if unknown.
        state: ``current``, ``ended`` or ``third parties`` (maintained by others).
        ends: day on which support ends ("2026-09-30"), "" if none was announced.
    """

    numbers: tuple[int, ...]
    last: str = ""
    state: str = ""
    ends: str = ""


class Lifecycles(Struct, frozen=True, kw_only=True):
    """The table (``data/lifecycles.json``), and the host's date to compare with.

    Attributes:
        checked: day on which the table was last compared with its sources.
        today: the host's date ("2026-11-24").
    """

    checked: str
    today: str
    engine: tuple[Series, ...]
    containerd: tuple[Series, ...]

    def of_engine(self, release: tuple[int, ...]) -> Series | None:
        """Return the engine's series of a release; ``None`` for a major version that never existed."""
        return next((series for series in self.engine if release[: len(series.numbers)] == series.numbers), None)

    def series_names(self, least: int = 0) -> tuple[str, ...]:
        """Return the engine's series as written ("20.10", "29"), from this major version on."""
        majors = (one.numbers[0] for one in self.engine)
        return tuple("20.10" if major == 20 else str(major) for major in majors if major >= least)

    def of_containerd(self, release: tuple[int, ...]) -> Series | None:
        """Return containerd's series of a release."""
        return next((series for series in self.containerd if release[: len(series.numbers)] == series.numbers), None)


class ReplacedPrograms(Struct, frozen=True, kw_only=True):
    """Running programs of the engine whose file was replaced by an upgrade.

    Attributes:
        items: processes of dockerd and containerd; shims run old files by design and are left out.
    """

    items: tuple[Process, ...] = ()
