"""What the author of a check, fixer, collector, probe or report format imports.

Facts are imported from their family in ``doctor.facts``, actions from ``doctor.api.actions``.
"""

from doctor.model.declare import check, collector, fixer, probe, report_format
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability, Severity

__all__ = [
    "Applicability",
    "Evidence",
    "Finding",
    "HostPath",
    "Missing",
    "Severity",
    "Subject",
    "Why",
    "check",
    "collector",
    "fixer",
    "probe",
    "report_format",
]
