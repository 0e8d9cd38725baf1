"""Each format of a fleet: what it shows, that it follows its schema, and that no host can break out of it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from doctor.facts.secrets.redact import redacted
from doctor.model.fleet.report import FleetReport
from doctor.plugins.load import load
from tests.unit.fleet.fleet_kit import DAY, NOW, finding, healthy, merged, report, write

CATALOG = load()
FORMATS = ("text", "json", "html", "prometheus")
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/fleet.schema.json").read_text("utf-8"))
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\x00\n\u202e\"'{{7*7}}"


def hostile_text(folder: Path) -> FleetReport:
    """A fleet whose every text is hostile."""
    bad = finding(
        "x/" + HOSTILE, "critical", HOSTILE, message=HOSTILE, fix={"applicability": HOSTILE, "summary": HOSTILE}
    )
    host = {"engine": HOSTILE, "kernel": HOSTILE, "os": HOSTILE, "id": HOSTILE, "root": HOSTILE}
    for number in range(6):
        write(folder, report(f"{HOSTILE}{number}", bad, host=host, doctor=HOSTILE, verdict={"says": HOSTILE}))
    write(folder, report(f"{HOSTILE}0", finding("y/" + HOSTILE), ago=8 * DAY, host=host))
    (folder / "<b>\x1b[1m\n.json").write_text("{")
    return merged(folder, since=NOW - 7 * DAY, expected=("<i>",))


def render(name: str, shown: FleetReport) -> str:
    raw: bytes = CATALOG.report_format(name).function(redacted(shown))
    return raw.decode("utf-8")


def ordinary(folder: Path) -> FleetReport:
    """A fleet with something in each part of the report."""
    shim = finding("engine/shim-missing", "critical", fix={"applicability": "safe", "summary": "link it"})
    logs = finding("logging/unbounded", "warning")
    write(
        folder,
        *(report(f"web{number}", shim, logs, host={"engine": "29.0.1"}) for number in range(3)),
        *(report(f"web{number}", logs, ago=8 * DAY) for number in range(5)),
        *(healthy(f"web{number}") for number in range(3, 12)),
        healthy("old", ago=9 * DAY),
        report("web12", logs | {"waived": "accepted by ops"}, finding("x/remark", "info"), host={"kernel": "5.15"}),
        report(
            "gap",
            verdict={"state": "incomplete", "says": "?"},
            outcomes=[{"id": "a", "outcome": "error", "reason": "no root", "incomplete": True}],
        ),
    )
    (folder / "bad.json").write_text("")
    return merged(folder, since=NOW - 7 * DAY, expected=("web1", "lost"))


@pytest.mark.parametrize("make", [ordinary, hostile_text, merged])
def test_the_document_follows_the_published_schema(tmp_path: Path, make: Any) -> None:
    """And every key is described."""
    document = json.loads(render("json", make(tmp_path)))
    Draft202012Validator(SCHEMA).validate(document)
    assert list(undescribed(document, SCHEMA)) == []


def undescribed(value: Any, where: Any, path: str = "$") -> Any:
    """Yield the keys of a document that the schema does not have."""
    if "$ref" in where:
        where = SCHEMA["$defs"][where["$ref"].rpartition("/")[2]]
    if "anyOf" in where:
        where = where["anyOf"][1]
        yield from undescribed(value, where, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in where["properties"]:
                yield from undescribed(item, where["properties"][key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(value, list):
        for item in value:
            yield from undescribed(item, where["items"], path)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert not Draft202012Validator(SCHEMA).is_valid({})


def test_the_text_begins_with_what_is_urgent(tmp_path: Path) -> None:
    text = " ".join(render("text", ordinary(tmp_path)).split())
    assert text.startswith("15 hosts")
    for part in (
        "3 of 15 hosts have problems, the worst is critical; 2 not examined completely; 1 with a stale report;",
        "1 expected host without a report; 1 file could not be read",
        "new engine/shim-missing on 3 hosts: web0, web1, web2",
        "gone logging/unbounded on 2 hosts: web3, web4",
        "CRITICAL 3 of 15 hosts likely can't start containers: engine/shim-missing on web0, web1, web2",
        "spreading: of the hosts with an earlier report, 3 have it now, and none of them had it then",
        "all of these have engine 29.0.1, as 3 of 15 hosts do",
        "fix (safe): link it",
        "no root: gap",
        "stale: old",
        "Expected, without a report lost",
        "bad.json: it is empty",
        "web12, of 13 hosts (web#, Debian 13): kernel 5.15, and 12 of them have 6.12.1",
    ):
        assert part in text, part
    places = [text.index(part) for part in ("Changed since", "CRITICAL", "Not examined", "Differ from", "Versions")]
    assert places == sorted(places)


class _Page(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep each."""
        self.seen.update((tag, name) for name, _ in attrs)
        self.seen.add((tag, ""))


@pytest.mark.parametrize("name", FORMATS)
def test_no_host_breaks_out(tmp_path: Path, name: str) -> None:
    """No control character reaches a terminal, no tag a browser, no line break a metric."""
    text = render(name, hostile_text(tmp_path))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "49" not in re.findall(r"\{\{(.*?)\}\}", text)
    if name == "html":
        page = _Page()
        page.feed(text)
        assert not {tag for tag, _ in page.seen} & {"img", "script", "b", "i", "iframe", "link", "object"}
        assert not {attribute for _, attribute in page.seen if attribute.startswith("on")} | (
            {attribute for _, attribute in page.seen} & {"src", "style"}
        )
    if name == "prometheus":
        sample = re.compile(r'\w+(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+.\de]+')
        assert [line for line in text.splitlines() if not line.startswith("#") and not sample.fullmatch(line)] == []


def test_metrics_count_hosts(tmp_path: Path) -> None:
    text = render("prometheus", ordinary(tmp_path))
    for line in (
        'doctor_fleet_verdict{state="problems"} 1',
        'doctor_fleet_hosts{state="healthy"} 9',
        'doctor_fleet_hosts{state="incomplete"} 2',
        "doctor_fleet_hosts_stale 1",
        "doctor_fleet_hosts_missing 1",
        "doctor_fleet_files_unread 1",
        'doctor_fleet_finding_hosts{check="engine/shim-missing",severity="critical"} 3',
        "doctor_fleet_spreading 1",
        'doctor_fleet_version_hosts{of="engine",version="29.0.1"} 3',
    ):
        assert line in text.splitlines(), line
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_nothing_read_has_no_green_word(tmp_path: Path) -> None:
    """In any format."""
    for name in FORMATS:
        text = render(name, merged(tmp_path)).lower()
        assert (
            "pass" not in text.partition("<body>")[2]
            if name == "html"
            else "healthy" not in text.partition("\n\n")[2][:100]
        )
    assert 'doctor_fleet_verdict{state="incomplete"} 1' in render("prometheus", merged(tmp_path))
