"""One problem with one subject."""

from msgspec import Struct

from doctor.model.severity import Applicability, Severity


class Subject(Struct, frozen=True):
    """What a finding is about: a kind (``sysctl``, ``file``, ``image``, ``network`` …) and its name on this host."""

    kind: str
    name: str


class Evidence(Struct, frozen=True):
    """What was seen: where it was read (a path, a command, an API call) and the value found there."""

    source: str
    value: str


class FixSummary(Struct, frozen=True):
    """That a fixer exists for a finding: its applicability and, in one line, what it would do."""

    applicability: Applicability
    summary: str


class Finding(Struct, frozen=True, kw_only=True):
    """One problem with one subject, written for someone at 3 a.m.

    A check gives ``subject``, ``message``, ``evidence`` and ``detail``; the engine fills in the rest.

    Attributes:
        subject: what it is about.
        message: subject and consequence in one sentence, no full stop.
        evidence: what was seen, in the order in which a reader would follow it.
        detail: a frozen struct for the fixer of the same name: what the check knew and the fixer must not guess. Its type is
            the one that the check declares.
        severity: overrides the check's own severity when given.
        id: the check's id, ``network/ip-forward-off``.
        fix: the fixer's summary, if there is a fixer that wants this finding.
        causes: fingerprints of findings that explain this one; a report shows those first.
        waived: why a person accepted it in the settings, or "".
        start_destroys: whether the engine's next start, or the stop after it, destroys data because of this.
        stops_start: whether the engine's next start fails because of this, for sure; ``None``: as its check declares.
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
        """Sixteen hex digits of id and subject, never of the wording: the same problem keeps it over time."""
        # An import here costs nothing where no finding is made.
        from hashlib import sha256  # noqa: PLC0415

        text = f"{self.id}\0{self.subject.kind}\0{self.subject.name}"
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def level(self) -> Severity:
        """The severity in force; a finding that no engine has completed counts as an error."""
        return Severity.ERROR if self.severity is None else self.severity
