"""One report, reduced to what the merged report needs of it."""

from collections.abc import Callable, Iterable
from sys import intern

from msgspec import Struct
from msgspec.structs import replace

from doctor.fleet import document
from doctor.fleet.document import ReportedFinding, ReportedHost, ReportedScan, clean
from doctor.model.errors import FormatError
from doctor.model.fleet.report import HostFinding
from doctor.model.outcome import Result
from doctor.model.severity import Applicability, Severity
from doctor.model.verdict import VerdictState

_NARROW = 2
"""A scan that ran less than this part of the checks is about a question, not about the host."""


class SeenFinding(Struct, frozen=True):
    """A finding with what explains it, its repair, and the time since when its host has it ("" if unknown)."""

    brief: HostFinding
    is_waived: bool
    causes: tuple[str, ...]
    fix: str
    risk: str
    since: str


class SeenReport(Struct, frozen=True, kw_only=True):
    """One report.

    Attributes:
        started: seconds since the epoch.
        file: its file.
        state: its verdict; ``worst`` problem, number of ``problems``, and its sentence, ``says``.
        findings: empty once the report is only compared with.
        ids: checks with a finding without a waiver.
        gaps: why something could not be examined.
        probes: test containers and their outcomes.
        ran_ids: checks that ran, ``gap_ids`` those that could not examine everything.
        fail_on: the least severity that counts as a problem.
        hidden: how many findings are left out of it.
        versions: of the engine, the kernel, doctor and the system.
        boot: the id of the host's boot, "" if unknown; ``seconds`` how long the scan took.
    """

    started: float
    file: str
    state: VerdictState
    says: str
    worst: Severity | None
    problems: int
    ran: int
    installed: int
    findings: tuple[SeenFinding, ...]
    ids: frozenset[str]
    gaps: tuple[str, ...]
    probes: dict[str, str]
    ran_ids: frozenset[str]
    gap_ids: frozenset[str]
    fail_on: Severity
    hidden: int
    versions: dict[str, str]
    root: str
    boot: str
    seconds: float

    @property
    def is_narrow(self) -> bool:
        """Whether most checks did not run, so that it does not replace an earlier report of the host."""
        return self.ran * _NARROW < self.installed

    @property
    def judged_ids(self) -> frozenset[str]:
        """Findings that would be in the report: its checks without a gap, its test containers, and what it found."""
        probes = {f"probe/{name}-failed" for name, outcome in self.probes.items() if outcome in _JUDGED}
        return (self.ran_ids - self.gap_ids) | self.ids | probes

    def without(self, ids: frozenset[str]) -> "SeenReport | None":
        """Return it without what a newer report has judged; ``None`` if nothing is left that counts."""
        if not ids or self.hidden:
            return self
        findings = tuple(one for one in self.findings if one.brief.id not in ids)
        levels = [one.brief.severity for one in findings if not one.is_waived and one.brief.severity >= self.fail_on]
        if levels:
            return replace(
                self, state=VerdictState.PROBLEMS, findings=findings, worst=max(levels), problems=len(levels)
            )
        if self.state is VerdictState.INCOMPLETE and self.gap_ids - ids:
            return replace(self, findings=findings)
        return None

    def thin(self) -> "SeenReport":
        """Return it for comparisons alone."""
        return replace(self, findings=(), gaps=(), says="") if self.findings or self.says else self

    def has_judged(self, identity: str) -> bool:
        """Whether a finding of this check would be in the report: one that is not there proves nothing otherwise."""
        if identity in self.ids:
            return True
        if identity.startswith("probe/"):
            return self.probes.get(identity.removeprefix("probe/").removesuffix("-failed")) in _JUDGED
        return identity in self.ran_ids and identity not in self.gap_ids


class Reducer:
    """Turns the content of files into ``SeenReport`` values; equal texts are kept once."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._ran: dict[tuple[str, int, int], frozenset[str]] = {}
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def __call__(self, raw: bytes, file: str) -> tuple[tuple[str, str], SeenReport]:
        """Return name and id of the host, and its report. Raises ``FormatError``."""
        found = document.decode(raw)
        if found.for_engine:
            raise FormatError("it is about a supposed upgrade (--for-engine), not about the host as it is")
        state = document.state_of(found)
        findings = tuple(self._finding(one) for one in found.findings)
        ran_ids, gap_ids, gaps = self._outcomes(found)
        fail_on = document.severity_of(found.fail_on)
        standing = [one.brief for one in findings if not one.is_waived]
        levels = [one.severity for one in standing if one.severity >= fail_on]
        said = document.severity_of(found.verdict.worst) if found.verdict.worst else None
        seen = SeenReport(
            started=document.time_of(found.started),
            file=file,
            state=state,
            says=self._kept(clean(found.verdict.says)),
            worst=max([*levels, *([said] if said else [])], default=None),
            problems=max(found.verdict.problems, len(levels)),
            ran=found.verdict.ran,
            installed=found.verdict.installed,
            findings=findings,
            ids=frozenset(one.id for one in standing),
            gaps=gaps,
            ran_ids=ran_ids,
            gap_ids=gap_ids,
            probes={self._kept(one.name): intern(one.outcome) for one in found.probes},
            fail_on=fail_on,
            hidden=found.summary.hidden,
            versions=self._versions(found),
            root=self._kept(clean(found.host.root)),
            boot=self._kept(found.host.boot) if _is_id(found.host.boot) else "",
            seconds=found.seconds,
        )
        return _key(found.host), seen

    def _outcomes(self, found: ReportedScan) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
        """Return the checks that ran, those with gaps, and the reasons.

        The outcomes are most of a report, so they are decoded only for gaps, if checks were left out, and once for each doctor and
        number of checks.
        """
        key = (found.doctor, found.verdict.ran, found.verdict.installed)
        # As many checks may be others: --select engine here, --select network there.
        known = self._ran.get(key) if found.verdict.ran >= found.verdict.installed else None
        if known is not None and found.summary.incomplete == 0:
            return known, frozenset(), ()
        every = document.outcomes(found)
        if known is None or len(known) != len(every):
            known = self._ran[key] = self._set(one.id for one in every)
        return known, self._set(one.id for one in every if document.is_gap(one)), document.reasons(every)

    def _set(self, ids: Iterable[str]) -> frozenset[str]:
        found = frozenset(self._kept(one) for one in ids)
        return self._sets.setdefault(found, found)

    def _finding(self, one: ReportedFinding) -> SeenFinding:
        keep: Callable[[str], str] = self._kept
        return SeenFinding(
            HostFinding(
                keep(clean(one.id, 120)),
                document.severity_of(one.severity),
                keep(clean(one.message)),
                keep(clean(one.subject.kind, 60)),
                keep(clean(one.subject.name)),
                keep(clean(one.fingerprint, 64)),
            ),
            bool(one.waived),
            tuple(keep(clean(cause, 64)) for cause in one.causes),
            keep(clean(one.fix.summary)) if one.fix else "",
            one.fix.applicability if one.fix else "",
            keep(one.seen.since) if one.seen else "",
        )

    def _versions(self, found: ReportedScan) -> dict[str, str]:
        host = found.host
        texts = {"engine": host.engine, "kernel": host.kernel, "doctor": found.doctor, "os": host.os}
        return {of: self._kept(clean(text, 120)) for of, text in texts.items()}

    def _kept(self, text: str) -> str:
        return self._texts.setdefault(text, text)


def risk_of(word: str) -> Applicability | None:
    """Return the risk with this name, ``None`` for another word."""
    return Applicability[word.upper()] if word.upper() in Applicability.__members__ else None


def _key(host: ReportedHost) -> tuple[str, str]:
    """Return name and id; of a copy of a data root without its host the whole path: many end in "docker"."""
    identity = host.id if _is_id(host.id) else ""
    is_unnamed = not identity and host.name == host.root.rstrip("/").rpartition("/")[2]
    return (host.root if is_unnamed else host.name), identity


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)


_JUDGED = frozenset({Result.PASS.value, Result.FAIL.value, Result.SKIP.value})
FAILED = Result.FAIL.value
PASSED = Result.PASS.value
