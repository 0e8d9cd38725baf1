"""Doctor's judgement on a damaged root, fast: only what depends on the changed file is read and checked anew."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from doctor.facts.engine.undecoded import Undecoded
from doctor.host.recorded import RootHost
from doctor.model.outcome import Outcome
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability, Severity
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts, find_collector, parameters, split
from doctor.scan.run import Scan, scan
from doctor.scan.undecoded import judges_undecoded
from tests.hosts.flips.place import Place

DATA_ROOT = "var/lib/docker"


class Seen(Struct, frozen=True, kw_only=True):
    """What doctor says of one place that it does not say of the healthy root.

    Attributes:
        found: ids of findings of warning or worse.
        info: ids of lesser ones.
        mends: whether each of them has a repair that is not manual.
        critical: whether one of them is critical.
        incomplete: ids of checks that could not look.
        crashed: the reason, where a check or a collector failed by a defect of its own.
    """

    found: tuple[str, ...] = ()
    info: tuple[str, ...] = ()
    mends: bool = False
    critical: bool = False
    incomplete: tuple[str, ...] = ()
    crashed: str = ""

    @property
    def word(self) -> str:
        """The verdict in one word."""
        words = (("incomplete", self.incomplete), ("found", self.found), ("info", self.info))
        return next((word for word, ids in words if ids), "silent")


class _Host(RootHost):
    """A mounted root that notes what is looked at."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._noted: list[str] = []
        self.seen = self._noted

    def _open(self, path: HostPath, flags: int, *, follow: bool) -> int:
        self._noted.append(path)
        return super()._open(path, flags, follow=follow)

    def _at_parent(self, path: HostPath, *, follow: bool) -> tuple[int, str]:
        self._noted.append(path)
        return super()._at_parent(path, follow=follow)


class _Facts(Facts):
    """Facts of which some are known, noting which files each of the others is read from."""

    def __init__(self, host: _Host, known: dict[type, Any]) -> None:
        super().__init__(host)
        self._noted = host._noted
        self._known.update(known)
        self.read: dict[type, set[str]] = {}

    def _collect(self, fact: type) -> Any:
        begin = len(self._noted)
        found = super()._collect(fact)
        self.read[fact] = set(self._noted[begin:])
        return found

    @property
    def known(self) -> dict[type, Any]:
        """All facts that were asked for."""
        return self._known


class Doctor:
    """The checks over one root directory that holds ``var/lib/docker``, and ``var/lib/doctor`` for a backup."""

    def __init__(self, root: Path, catalog: Catalog, ids: Iterable[str] = ()) -> None:
        self.root = root
        self._catalog = catalog
        self._ids = tuple(ids or catalog.choose((), ()))
        host = _Host(str(root))
        self._facts = _Facts(host, {})
        self.healthy = scan(host, catalog, self._ids, facts=self._facts)
        self._depends = {fact: self._sources(fact, set()) for fact in self._facts.known if fact is not Undecoded}
        self._asks = {identity: self._asked(identity) for identity in self._ids}
        self._before = {finding.fingerprint for finding in self.healthy.findings}
        self._gaps = {outcome.id for outcome in self.healthy.outcomes if outcome.incomplete}
        host.close()

    def judge(self, place: Place) -> Seen:
        """What doctor says with this fault in place; the root is as before afterwards."""
        top = self.root / DATA_ROOT
        undo = place.apply(top)
        try:
            return self._seen(self.scan(place.path))
        finally:
            place.revert(top, undo)

    def scan(self, path: str) -> Scan:
        """Run the checks that a file of the data root can change, as it is now."""
        full = f"/{DATA_ROOT}/{path}"
        stale = {fact for fact, sources in self._depends.items() if full in sources}
        known = {fact: value for fact, value in self._facts.known.items() if fact not in stale}
        ids = [identity for identity, asked in self._asks.items() if asked is None or asked & stale]
        host = _Host(str(self.root))
        try:
            return scan(host, self._catalog, ids, facts=_Facts(host, known))
        finally:
            host.close()

    def _seen(self, found: Scan) -> Seen:
        all_new = [one for one in found.findings if one.fingerprint not in self._before]
        new = [one for one in all_new if one.level >= Severity.WARNING]
        gaps = [one for one in found.outcomes if one.incomplete and one.id not in self._gaps]
        return Seen(
            found=tuple(sorted({one.id for one in new})),
            info=tuple(sorted({one.id for one in all_new if one not in new})),
            mends=bool(new) and all(one.fix and one.fix.applicability < Applicability.MANUAL for one in new),
            critical=any(one.level is Severity.CRITICAL for one in new),
            incomplete=tuple(one.id for one in gaps),
            crashed=next((one.reason for one in gaps if _is_defect(one)), ""),
        )

    def _sources(self, fact: type, above: set[type]) -> set[str]:
        """The files that a fact and those it is made of were read from."""
        found = set(self._facts.read.get(fact, ()))
        for needed in _needs(find_collector(fact)) - above:
            found |= self._sources(needed, above | {fact})
        return found

    def _asked(self, identity: str) -> set[type] | None:
        """The facts a check asks for; ``None`` where it has to run each time."""
        function = self._catalog.check(identity).function
        return None if judges_undecoded(function) else _needs(function) or None


def _needs(function: Any) -> set[type]:
    kinds = {split(annotation, function)[0] for annotation in parameters(function).values()}
    return {kind for kind in kinds if ".facts." in kind.__module__ and kind is not Undecoded}


def _is_defect(outcome: Outcome) -> bool:
    return ".py:" in outcome.reason
