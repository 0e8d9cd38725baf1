"""The published JSON Schemas describe what doctor prints: every document is valid, and every key is described."""

import json
from pathlib import Path
from typing import Any

import pytest
from doctor.reports.json import render
from jsonschema import Draft202012Validator

from doctor.model.report import Report
from tests.unit.reports import samples

SCHEMAS = Path(__file__).parents[3] / "docs" / "schema"
REPORTS = (
    samples.BROKEN,
    samples.HEALTHY,
    samples.INCOMPLETE,
    samples.HIDDEN,
    samples.NOT_ROOT,
    samples.NOTHING_RAN,
    samples.BLIND,
    samples.REPAIRED,
    samples.PLAN,
    samples.NOTHING,
    samples.REPAIR,
    samples.ROLLED_BACK,
    samples.PROBED,
    *samples.hostile(),
)


def schema(kind: str) -> Any:
    """The published schema of a kind of report."""
    return json.loads((SCHEMAS / f"{kind}.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.kind)
def test_documents_are_valid(report: Report) -> None:
    """Of every kind, also with everything a hostile host can write in them."""
    Draft202012Validator(schema(report.kind)).validate(json.loads(render(report)))


@pytest.mark.parametrize("kind", ["scan", "plan", "repair", "probe"])
def test_schemas_are_schemas(kind: str) -> None:
    """And one that says nothing would accept everything."""
    found = schema(kind)
    Draft202012Validator.check_schema(found)
    assert not Draft202012Validator(found).is_valid({})


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.kind)
def test_every_key_is_described(report: Report) -> None:
    """The schema allows more, so a key that nobody described would pass it."""
    whole = schema(report.kind)
    undescribed = list(_undescribed(json.loads(render(report)), whole, whole, "$"))
    assert undescribed == []


def _undescribed(value: Any, where: Any, whole: Any, path: str) -> Any:
    if "$ref" in where:
        where = whole["$defs"][where["$ref"].rpartition("/")[2]]
    if "anyOf" in where and value is not None:
        where = where["anyOf"][1]
        yield from _undescribed(value, where, whole, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in where["properties"]:
                yield f"{path}.{key}"
            else:
                yield from _undescribed(inner, where["properties"][key], whole, f"{path}.{key}")
    elif isinstance(value, list):
        for entry in value:
            yield from _undescribed(entry, where["items"], whole, f"{path}[]")


def test_keys_stand_in_the_order_of_the_contract() -> None:
    """A reader of the contract finds the document as it is written there."""
    document = json.loads(render(samples.BROKEN))
    assert [key for key in document if key != "kind"][:8] == [
        "schema_version",
        "doctor",
        "host",
        "started",
        "seconds",
        "findings",
        "outcomes",
        "summary",
    ]
    finding = document["findings"][0]
    assert list(finding)[:8] == ["id", "severity", "subject", "message", "evidence", "fix", "causes", "fingerprint"]
    assert list(document["summary"])[:6] == ["critical", "error", "warning", "info", "pass", "skip"]


def test_a_cause_is_found_by_its_fingerprint() -> None:
    """The link between a symptom and its cause survives the document."""
    findings = json.loads(render(samples.BROKEN))["findings"]
    symptom = next(finding for finding in findings if finding["causes"])
    assert symptom["causes"][0] in {finding["fingerprint"] for finding in findings}
