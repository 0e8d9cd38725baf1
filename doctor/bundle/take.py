"""Takes a bundle: the facts that the checks ask for, the report of the scan, and the plans.

The checks run on what the bundle holds before it is written. A check whose result differs, because it depends on what is left
out, keeps the result of the host's own scan: the same findings elsewhere are not a hope.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor import __version__
from doctor.bundle import form, kept
from doctor.bundle.form import LARGEST_PART, LARGEST_WHOLE, LONGEST_NAME, BundleList, Part
from doctor.bundle.host import BundleHost
from doctor.bundle.masked import Masker, as_read
from doctor.bundle.reading import REPORT, fact_name, follows, is_of_doctor, plan_name
from doctor.facts.secrets.redact import redacted
from doctor.host.base import Host
from doctor.model.errors import DoctorError, FormatError
from doctor.model.finding import Finding, FixSummary
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Outcome
from doctor.model.report import HostInfo, PlanReport, ScanReport
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.scan.resolve import Facts, find_collector
from doctor.scan.run import Scan, scan

_LARGEST_FACTS = LARGEST_WHOLE // 2
_LARGEST_PLAN = LARGEST_PART // 8
_LONGEST_REASON = 200


class TakenBundle(Struct, frozen=True):
    """A bundle that is not yet written: its list, and its bytes."""

    listed: BundleList
    raw: bytes


class _Recorder(Facts):
    """Facts as a reader of the bundle gets them, each recorded when it is asked for."""

    def __init__(self, source: Facts, listed: BundleList) -> None:
        host: Host = BundleHost(listed)
        super().__init__(host)
        self.parts: dict[str, Part] = {}
        self.contents: dict[str, bytes] = {}
        self._source = source
        self._bytes = 0

    def fix(self, finding: Finding, find: Callable[[], FixSummary | None]) -> FixSummary | None:
        """Return none: the host's scan has them."""
        del finding, find
        return None

    def renewed(self) -> "_Recorder":
        """Return the same: what is recorded stays."""
        return self

    def _collect(self, fact: type) -> Any:
        if is_of_doctor(fact):
            return super()._collect(fact)
        value = self._source.get(fact)
        if follows(fact):
            found = super()._collect(fact)
            # A reader makes it of the others, too: the largest facts of a host need no place.
            if found == as_read(value):
                return found
        return self.record(fact, value)

    def record(self, fact: type, value: Any, *, is_asked: bool = True) -> Any:
        """Record a fact; return it as it is read. One that no check asks for is left out if it can't be kept."""
        try:
            stored = _Stored.of(fact, value, LARGEST_PART if self._bytes < _LARGEST_FACTS else 0)
        except DoctorError as error:
            if not is_asked:
                return None
            stored = _Stored.of(fact, Missing(Why.UNREADABLE, str(error)), LARGEST_PART)
        self._bytes += len(stored.raw)
        self.parts[stored.part.name], self.contents[stored.part.name] = stored.part, stored.raw
        return stored.value


class _Stored(Struct, frozen=True):
    """A fact as a bundle holds it, and as it is read."""

    part: Part
    raw: bytes
    value: Any

    @classmethod
    def of(cls, fact: type, value: Any, largest: int) -> "_Stored":
        """Raise ``DoctorError`` for a value that can't be kept."""
        raw, masker = kept.encode(value)
        if len(raw) > largest:
            raise FormatError(f"{fact.__name__} is too large for a bundle ({len(raw) >> 20} MiB)")
        kind = Missing if isinstance(value, Missing) else fact
        again = kept.decode(raw, kind, is_escaped=masker.escaped)
        # A value of a subclass, or of a type that no annotation names, is read as something else.
        if again != as_read(value):
            raise FormatError(f"{fact.__name__} can't be kept in a bundle: its types are not complete")
        return cls(_part(fact_name(fact), raw, masker, value), raw, again)


def take(
    before: Scan,
    catalog: Catalog,
    *,
    report: ScanReport,
    plans: Mapping[Applicability, PlanReport],
    is_root: bool,
) -> TakenBundle:
    """Return the bundle of a host: ``before`` is its scan with all checks, ``report`` the report of it."""
    taken = before.facts.host.now()
    listed = BundleList(doctor=__version__, taken=taken, host=_short(report.host), is_root=is_root, parts=())
    recorder = _Recorder(before.facts, listed)
    ids = tuple(one.id for one in before.outcomes)
    again = scan(recorder.host, catalog, ids, facts=recorder)
    for fact, value in before.facts.known.items():
        if fact not in recorder.known and not is_given(fact) and not is_of_doctor(fact):
            recorder.record(fact, value, is_asked=False)
    parts, contents = dict(recorder.parts), dict(recorder.contents)
    values = {REPORT: report} | {plan_name(allow): plan for allow, plan in plans.items()}
    for name, value in values.items():
        raw, masker = kept.encode(plain(redacted(value)))
        if len(raw) <= _LARGEST_PLAN or name == REPORT:
            parts[name], contents[name] = _part(name, raw, masker, value), raw
    listed = replace(listed, from_host=_differing(before, again), parts=tuple(one for _, one in sorted(parts.items())))
    found = TakenBundle(listed, form.pack(listed, contents))
    # A file within the limits of a reader, before anybody carries it away.
    form.parse(found.raw, "the bundle of this host")
    return found


def is_given(fact: type) -> bool:
    """Whether a scan makes this fact itself, so that it has no collector."""
    try:
        find_collector(fact)
    except (ImportError, DoctorError):
        return True
    return False


def plain(value: Any) -> Any:
    """Return a report without the details of its findings, which are for fixers on the host."""
    if isinstance(value, Finding):
        return replace(value, detail=None)
    if isinstance(value, Struct):
        return replace(value, **{name: plain(getattr(value, name)) for name in value.__struct_fields__})
    return type(value)(plain(item) for item in value) if isinstance(value, tuple | list) else value


def _part(name: str, raw: bytes, masker: Masker, value: Any) -> Part:
    return Part(
        name=name,
        bytes=len(raw),
        sha256=form.digest(raw),
        masked=masker.masked,
        dropped=masker.dropped,
        missing=(redacted(value).reason or value.why.value)[:_LONGEST_REASON] if isinstance(value, Missing) else "",
        is_escaped=masker.escaped,
    )


def _short(host: HostInfo) -> HostInfo:
    """Return a host's traits, each as short as a reader accepts it."""
    texts = {name: getattr(host, name) for name in host.__struct_fields__ if isinstance(getattr(host, name), str)}
    return redacted(replace(host, **{name: text[:LONGEST_NAME] for name, text in texts.items()}))  # type: ignore[no-any-return]


def _differing(before: Scan, again: Scan) -> tuple[str, ...]:
    first, second = _by_check(before), _by_check(again)
    return tuple(identity for identity, result in sorted(first.items()) if second.get(identity) != result)


def _by_check(found: Scan) -> dict[str, tuple[Outcome, list[Finding]]]:
    results = {one.id: (redacted(replace(one, seconds=0.0)), list[Finding]()) for one in found.outcomes}
    for one in found.findings:
        # The causes follow from the findings of all checks, and the fix is the host's in both.
        results[one.id][1].append(redacted(replace(one, fix=None, detail=None, causes=())))
    return results
