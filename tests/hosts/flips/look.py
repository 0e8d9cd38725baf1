"""Doctor's judgement on a damaged root, fast: only what depends on the changed file is read and checked again."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from doctor.host.recorded import RootHost
from doctor.model.outcome import Outcome
from doctor.model.severity import Applicability, Severity
from doctor.plugins.catalog import Catalog
from doctor.scan.noted import NotedFacts
from doctor.scan.run import Scan, scan
from tests.hosts.flips.place import Place

DATA_ROOT = "var/lib/docker"


class Seen(Struct, frozen=True, kw_only=True):
    """The findings of one place that the healthy root does not have.

    Attributes:
        found: ids of findings of warning or worse.
        info: ids of lesser ones.
        repairs: whether each of them has a repair that is not manual.
        critical: whether one of them is critical.
        incomplete: ids of checks that could not look.
        crashed: the reason, where a check or a collector failed by a defect of its own.
    """

    found: tuple[str, ...] = ()
    info: tuple[str, ...] = ()
    repairs: bool = False
    critical: bool = False
    incomplete: tuple[str, ...] = ()
    crashed: str = ""

    @property
    def word(self) -> str:
        """The verdict in one word."""
        words = (("incomplete", self.incomplete), ("found", self.found), ("info", self.info))
        return next((word for word, ids in words if ids), "silent")


class Doctor:
    """The checks over one root directory that holds ``var/lib/docker``, and ``var/lib/doctor`` for a backup."""

    def __init__(self, root: Path, catalog: Catalog, ids: Iterable[str] = ()) -> None:
        self.root = root
        self._catalog = catalog
        self._ids = tuple(ids or catalog.choose((), ()))
        self._host = RootHost(str(root))
        self._facts = NotedFacts(self._host)
        self.healthy = scan(self._host, catalog, self._ids, facts=self._facts)
        self._before = {finding.fingerprint for finding in self.healthy.findings}
        self._gaps = {outcome.id for outcome in self.healthy.outcomes if outcome.incomplete}

    def judge(self, place: Place) -> Seen:
        """Return doctor's findings with this fault in place; the root is as before afterwards."""
        top = self.root / DATA_ROOT
        undo = place.apply(top)
        try:
            return self._seen(self.scan(place.path))
        finally:
            place.revert(top, undo)

    def scan(self, path: str) -> Scan:
        """Scan the root as it is now, with one file of the data root changed since it was healthy."""
        facts = self._facts.changed({f"/{DATA_ROOT}/{path}"})
        return scan(self._host, self._catalog, self._ids, facts=facts)

    def _seen(self, found: Scan) -> Seen:
        all_new = [one for one in found.findings if one.fingerprint not in self._before]
        new = [one for one in all_new if one.level >= Severity.WARNING]
        gaps = [one for one in found.outcomes if one.incomplete and one.id not in self._gaps]
        return Seen(
            found=tuple(sorted({one.id for one in new})),
            info=tuple(sorted({one.id for one in all_new if one not in new})),
            repairs=bool(new) and all(one.fix and one.fix.applicability < Applicability.MANUAL for one in new),
            critical=any(one.level is Severity.CRITICAL for one in new),
            incomplete=tuple(one.id for one in gaps),
            crashed=next((one.reason for one in gaps if _is_defect(one)), ""),
        )


def _is_defect(outcome: Outcome) -> bool:
    return ".py:" in outcome.reason
