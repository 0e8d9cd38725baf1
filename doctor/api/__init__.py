"""The API for authors of checks, fixers, collectors, probes and report formats.

Facts are imported from their subject in ``doctor.facts``, actions from their module in ``doctor.api.actions``.
"""

from doctor.model.action import Action, Stage
from doctor.model.declare import check, collector, fixer, probe, report_format
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.message import Message
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability, Severity

__all__ = [
    "Action",
    "Applicability",
    "Evidence",
    "Finding",
    "HostPath",
    "Message",
    "Missing",
    "Severity",
    "Stage",
    "Subject",
    "Why",
    "check",
    "collector",
    "fixer",
    "probe",
    "report_format",
]
