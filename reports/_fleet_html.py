"""The page of a fleet: one self-contained file without scripts, in the style of a host's page."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from doctor.model.fleet.report import VERSIONS, FleetHost, FleetReport
from doctor.model.text import plural
from doctor.model.verdict import VerdictState

from . import _fleet_words as words

_HOSTS = 500
"""Rows of the table of hosts; a browser shows more only slowly, and nobody reads them."""
_NAMED = 200
"""Names of hosts with one problem, or with nothing to say."""
_FEW = 12


def fleet(report: FleetReport, environment: Environment, template: Callable[[str], str]) -> bytes:
    """Render the page as UTF-8."""
    style = template("page.css") + template("fleet.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template("fleet.html").render(
        report=report,
        style=Markup(style),  # noqa: S704 - files of ours
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        title=f"{plural(len(report.hosts), 'host')}: report",
        **_content(report),
    )
    return page.encode("utf-8")


def _content(report: FleetReport) -> dict[str, Any]:
    doubtful: dict[str, list[str]] = {}
    for host in report.hosts:
        for doubt in host.doubts:
            doubtful.setdefault("stale" if doubt.startswith("stale: ") else doubt, []).append(host.title)
    shown = [host for host in report.hosts if host.state in {VerdictState.PROBLEMS, VerdictState.INCOMPLETE}]
    return {
        "tally": [
            (words.MOODS[state], report.count(state), words.STATE_WORDS[state])
            for state in words.STATES
            if report.count(state)
        ],
        "wrong": words.in_families(report),
        "rest": words.others(report),
        "waived": words.waived(report),
        "doubtful": sorted(doubtful.items(), key=lambda item: -len(item[1])),
        "hosts": shown[:_HOSTS],
        "more_hosts": len(shown) - len(shown[:_HOSTS]),
        "quiet": [
            (words.STATE_WORDS[state], _titles(report, state)) for state in words.STATES[2:] if report.count(state)
        ],
        "versions": [(of, [one for one in report.versions if one.of == of]) for of in VERSIONS],
        "headline": lambda found: words.headline(found, len(report.hosts), _FEW),
        "remarks": lambda found: words.remarks(found, len(report.hosts)),
        "few": lambda titles: words.names(titles, _FEW),
        "many": lambda titles: words.names(titles, _NAMED),
        "is_long": lambda titles: len(titles) > _FEW + 1,
        "brief": _brief,
        "moods": words.MOODS,
        "most": _HOSTS,
    }


def _titles(report: FleetReport, state: VerdictState) -> list[str]:
    return [host.title for host in report.hosts if host.state is state]


def _brief(host: FleetHost) -> str:
    """Return the worst checks of a host in one line."""
    found = list(dict.fromkeys(one.id for one in host.findings if one.severity > 1))
    return words.names(found, 3)
