"""One problem with one subject."""

from msgspec import Struct

from doctor.model.severity import Applicability, Severity


class Subject(Struct, frozen=True):
    """The subject of a finding: a kind (``sysctl``, ``file``, ``image``, ``network`` …) and its name on this host."""

    kind: str
    name: str


class Evidence(Struct, frozen=True):
    """An observed value with its source (a path, a command, an API call)."""

    source: str
    value: str


class FixSummary(Struct, frozen=True):
    """The fix of a finding: its applicability, and its effect in one line."""

    applicability: Applicability
    summary: str


class Finding(Struct, frozen=True, kw_only=True):
    """One problem with one subject.

    A check sets ``subject``, ``message``, ``evidence`` and ``detail``; the scan sets the rest.

    Attributes:
        subject: its subject.
        message: subject, fault and consequence in one sentence without a full stop.
        evidence: the evidence, in logical order.
        detail: a frozen struct with the check's values for the fixer with the same name, in the type that the check declares.
        severity: overrides the check's own severity if set.
        id: the check's id, ``network/ip-forward-off``.
        fix: the fixer's summary, if there is a fixer for this finding.
        causes: fingerprints of findings that explain this one; a report shows those first.
        waived: the reason given in the settings to accept it, or "".
        start_destroys: whether the engine's next start, or the stop after it, destroys data because of this.
        stops_start: whether the engine's next start certainly fails because of this; ``None``: as its check declares.
    """

    subject: Subject
    message: str
    evidence: tuple[Evidence, ...] = ()
    detail: Struct | None = None
    severity: Severity | None = None
    id: str = ""
    fix: FixSummary | None = None
    causes: tuple[str, ...] = ()
    waived: str = ""
    start_destroys: bool = False
    stops_start: bool | None = None

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of id and subject, independent of the wording: the same problem keeps it over time."""
        # The import costs nothing without findings.
        from hashlib import sha256  # noqa: PLC0415

        text = f"{self.id}\0{self.subject.kind}\0{self.subject.name}"
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def level(self) -> Severity:
        """The effective severity; a finding that the scan has not completed counts as an error."""
        return Severity.ERROR if self.severity is None else self.severity
