"""Judges a bundle: its facts are given to the same checks, in the place of a host's.

A result that depends on what a bundle leaves out, and each fix, are those that the host's own scan had. Nothing of
this machine is read, except the tables that doctor itself brings.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from msgspec.structs import replace

from doctor.bundle import form, kept
from doctor.bundle.form import BundleFile
from doctor.bundle.host import BundleHost
from doctor.facts.secrets.redact import redact
from doctor.host.base import Host
from doctor.model.declare import CheckDeclaration
from doctor.model.errors import DoctorError, FormatError, UsageError
from doctor.model.finding import Finding, FixSummary
from doctor.model.missing import Missing, Why
from doctor.model.report import HostInfo, PlanReport, ScanReport
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.scan.relate import relate
from doctor.scan.resolve import Facts, find_collector, parameters, split
from doctor.scan.run import Scan, scan

REPORT = "report"
_PLAN = "plan:"
_OTHER = "use the doctor that took it, or take another one"


class HostBundle:
    """A bundle that was read.

    Attributes:
        path: its file, absolute.
        listed: the list of what is in it.
    """

    def __init__(self, path: str, file: BundleFile) -> None:
        self.path = path
        self.listed = file.listed
        self._file = file

    @property
    def host(self) -> HostInfo:
        """The host it is of; its root is the file."""
        return replace(self.listed.host, root=self.path, is_bundle=True)

    def report(self) -> ScanReport:
        """Return the report of the host's own scan. Raises ``UsageError``."""
        found: ScanReport = self._value(REPORT, ScanReport)
        return replace(found, host=self.host, started=self.listed.taken)

    def plan(self, allow: Applicability) -> PlanReport | None:
        """Return the plan that was made on the host for a risk, ``None`` if there was no repair to plan. Raises ``UsageError``."""
        name = plan_name(allow)
        if self._file.part(name) is None:
            return None
        found: PlanReport = self._value(name, PlanReport)
        return replace(found, host=self.host, started=self.listed.taken)

    def fact(self, kind: type) -> Any:
        """Return a fact or its ``Missing``; ``None`` if the bundle does not have it."""
        part = self._file.part(fact_name(kind))
        if part is None:
            return None
        as_kind = Missing if part.missing else kind
        try:
            return kept.decode(bytes(self._file.contents[part.name]), as_kind, is_escaped=part.is_escaped)
        except FormatError as error:
            return Missing(Why.UNREADABLE, f"{part.name} of the bundle can't be read: {error}")

    def _value(self, name: str, kind: type) -> Any:
        part = self._file.part(name)
        if part is None:
            raise UsageError(f"can't read the bundle: it has no {name}", where=self.path, do=_OTHER)
        try:
            return kept.decode(bytes(self._file.contents[name]), kind, is_escaped=part.is_escaped)
        except FormatError as error:
            raise UsageError(f"can't read the bundle: {name}: {error}", where=self.path, do=_OTHER) from error


class BundleFacts(Facts):
    """The facts of a bundle."""

    def __init__(self, bundle: HostBundle) -> None:
        self._bundle = bundle
        host: Host = BundleHost(bundle.listed, bundle.path)
        super().__init__(host)
        report = bundle.report()
        self._fixes = {one.fingerprint: one.fix for one in report.findings}
        # A check may have several findings on one subject.
        self._fixes |= {f"{one.fingerprint} {one.message}": one.fix for one in report.findings}

    def fix(self, finding: Finding, find: Callable[[], FixSummary | None]) -> FixSummary | None:
        """Return the fix that the host's own scan had: its fixers had all that a bundle leaves out."""
        del find
        named = f"{finding.fingerprint} {redact(finding.message)}"
        return self._fixes.get(named, self._fixes.get(finding.fingerprint))

    def renewed(self) -> "BundleFacts":
        """Return the same: nothing of a bundle changes."""
        return self

    def _collect(self, fact: type) -> Any:
        found = self._bundle.fact(fact)
        if found is not None:
            return found
        if is_of_doctor(fact) or follows(fact):
            return super()._collect(fact)
        return Missing(
            Why.UNREADABLE, f"the bundle has no {fact.__name__}: doctor {self._bundle.listed.doctor} did not need it"
        )


def open_bundle(path: str) -> HostBundle:
    """Read a bundle, "-" for standard input. Raises ``UsageError``."""
    import os  # noqa: PLC0415 - only for the name

    return HostBundle("-" if path == "-" else os.path.abspath(path), form.read_file(path))


def judge(bundle: HostBundle, catalog: Catalog, ids: Iterable[str]) -> Scan:
    """Judge the facts of a bundle with the checks of these ids. Raises ``UsageError`` for a bundle that can't be read."""
    ids = tuple(ids)
    facts = BundleFacts(bundle)
    found = scan(facts.host, catalog, ids, facts=facts)
    kept_ids = {one for one in bundle.listed.from_host if one in ids}
    if not kept_ids:
        return found
    report = bundle.report()
    outcomes = {one.id: one for one in found.outcomes} | {one.id: one for one in report.outcomes if one.id in kept_ids}
    findings = [one for one in found.findings if one.id not in kept_ids]
    findings += [replace(one, waived="", waiver=None) for one in report.findings if one.id in kept_ids]
    return replace(
        found,
        outcomes=tuple(one for _, one in sorted(outcomes.items())),
        findings=relate(findings, _causes(findings, catalog)),
    )


def _causes(findings: list[Finding], catalog: Catalog) -> dict[str, Any]:
    found = {}
    for identity in {one.id for one in findings}:
        try:
            declaration = catalog.check(identity).declaration
        except DoctorError:
            continue
        if isinstance(declaration, CheckDeclaration):
            found[identity] = declaration.causes
    return found


def fact_name(kind: type) -> str:
    """Return the name of a fact's part."""
    return f"{kind.__module__}.{kind.__qualname__}"


def plan_name(allow: Applicability) -> str:
    """Return the name of the part with the plan for a risk."""
    return f"{_PLAN}{allow.word}"


_TABLES = ("doctor.facts.engine.versions.Lifecycles",)
"""Tables of doctor itself that depend on the host's date, which a bundle has."""


@cache
def is_of_doctor(fact: type) -> bool:
    """Whether a fact is a table of doctor itself, or follows from one and other facts: a newer doctor knows more than the host's."""
    return fact_name(fact) in _TABLES or (
        follows(fact) and (not _needed(fact) or any(map(is_of_doctor, _needed(fact))))
    )


@cache
def follows(fact: type) -> bool:
    """Whether a fact is made of other facts only."""
    try:
        return Host not in _needed(fact)
    except (ImportError, DoctorError):
        return False


def _needed(fact: type) -> list[type]:
    collector = find_collector(fact)
    return [split(annotation, collector)[0] for annotation in parameters(collector).values()]
