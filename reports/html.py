"""One self-contained page without scripts and requests, for phones, print, dark mode and screen readers."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from doctor.api import report_format
from doctor.model.finding import Evidence
from doctor.model.fleet.report import FleetReport
from doctor.model.outcome import Result
from doctor.model.report import PlanReport, RepairReport, Report, ScanReport
from doctor.model.text import plural, visible

from . import _words
from ._chart import HEIGHT, WIDTH, chart
from ._fleet_html import fleet
from ._ways_out import command, effect, links, with_cves

# Evidence with fewer lines is shown; longer evidence is folded, so that the next problem stays in view.
_SHORT_LINES = 4


@report_format("html", media="text/html; charset=utf-8", of=("scan", "plan", "repair", "probe", "fleet"), pages=True)
def render(report: Report | FleetReport) -> bytes:
    """Render the page as UTF-8.

    Every value passes ``visible`` and then the escaping of jinja2; a missing value is an error. The page's content
    security policy allows only its one style sheet, by hash. Links lead to the references of checks and to CVEs.
    """
    if isinstance(report, FleetReport):
        return fleet(report, _environment(), _template)
    style = _template("page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            kind=report.kind,
            style=Markup(style),  # noqa: S704 - a file of ours
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            **(_scan(report) if isinstance(report, ScanReport) else {}),
            verdict=None if isinstance(report, RepairReport) else report.verdict,
            repaired=_words.repaired(report) if isinstance(report, RepairReport) else (),
            # Findings whose check is already described on the page.
            described=set(),
            tasks=_words.to_do(report.manual) if isinstance(report, PlanReport | RepairReport) else (),
            others=_words.unresolved(report) if isinstance(report, PlanReport | RepairReport) else (),
            title=_title(report),
        )
    )
    return page.encode("utf-8")


def _template(name: str) -> str:
    """Return a template's text, wherever the package is: installed, in a checkout, in a zip archive."""
    return files(__name__.rpartition(".")[0]).joinpath("templates", name).read_text("utf-8")


@cache
def _environment() -> Environment:
    # select_autoescape() depends on the file name's ending; True always escapes.
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters["when"] = _words.when
    environment.filters["iso"] = _words.iso
    environment.filters["took"] = _words.took
    environment.filters["rolled_back"] = _words.rolled_back
    environment.filters["with_cves"] = with_cves
    environment.filters["effect"] = effect
    environment.tests["short"] = _is_short
    environment.tests["has"] = lambda values, wanted: wanted in values
    environment.filters["capital"] = _capital
    environment.globals["plural"] = plural
    environment.globals["by_source"] = _words.by_source
    environment.globals["causes_by_check"] = _words.causes_by_check
    environment.globals["command"] = command
    environment.globals["known_of"] = _words.known_of
    environment.globals["not_known"] = _words.NOT_KNOWN
    environment.globals["links"] = links
    environment.globals["repaired_words"] = _words.repaired
    environment.globals["levels"] = [level.word for level in _words.WORST_FIRST]
    return environment


def _harmless(value: Any) -> Any:
    return value if isinstance(value, Markup) else visible(str(value), keep="\n\t")


def _is_short(seen: Evidence) -> bool:
    shown = visible(seen.value, keep="\n\t")
    return shown.count("\n") + len(shown) // 100 < _SHORT_LINES


def _capital(text: str) -> str:
    """Return a sentence with a capital; an id or a path at its begin stays as it is."""
    if "/" in text.partition(" ")[0]:
        return text
    return text[:1].upper() + text[1:]


def _signed(report: ScanReport) -> str:
    """Return what changed since the scan before, with the sign for less instead of a hyphen."""
    says = "" if report.change is None else report.change.says(report.started)
    return re.sub(r"(?<!\S)-(?=\d+[ ,])", "\N{MINUS SIGN}", says)


def _marks(report: ScanReport) -> dict[str, str]:
    """Return fingerprint → "new", "returned" or "worse", for findings that changed since the scan before."""
    change = report.change
    if change is None or change.since is None:
        return {}
    marks = dict.fromkeys(change.worse, "worse") | dict.fromkeys(change.new, "new")
    return marks | dict.fromkeys(change.returned, "returned")


def _title(report: Report) -> str:
    words = {"scan": "report", "plan": "repair plan", "repair": "repair", "probe": "test containers"}
    return f"{report.host.name}: {words[report.kind]}"


def _scan(report: ScanReport) -> dict[str, Any]:
    findings = report.findings
    wrong, remarks = ({id(finding) for finding in group} for group in _words.apart(report))
    accepted = {id(finding) for finding in _words.accepted(report)}
    numbered = [(f"finding-{number}", finding) for number, finding in enumerate(findings, 1)]
    gaps: dict[str, list[str]] = {}
    for outcome in _words.incomplete(report):
        gaps.setdefault(outcome.reason or "no reason was given", []).append(outcome.id)
    anchors: dict[str, str] = {}
    for anchor, finding in numbered:
        anchors.setdefault(finding.fingerprint, anchor)
    proven = any(repair.probes == report.probes for repair in report.repairs)
    return {
        "tally": [(level.word, report.count(level)) for level in _words.WORST_FIRST if report.count(level)],
        "wrong": _words.grouped([pair for pair in numbered if id(pair[1]) in wrong]),
        "remarks": [pair for pair in numbered if id(pair[1]) in remarks],
        "waived": [pair for pair in numbered if id(pair[1]) in accepted],
        "gaps": gaps,
        "passed": _words.having(report, Result.PASS),
        "skipped": _words.having(report, Result.SKIP),
        "anchors": anchors,
        "since": _signed(report),
        "marks": _marks(report),
        "shown": {finding.fingerprint for finding in report.shown},
        "chart": chart(report),
        "chart_size": (WIDTH, HEIGHT),
        "probes": () if proven else report.probes,
        "is_probed_well": all(probe.result in {Result.PASS, Result.SKIP} for probe in report.probes),
    }
