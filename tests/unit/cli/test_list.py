"""``doctor list``: everything on disk, nothing that is not, and who was refused."""

import json
from pathlib import Path

import pytest

from doctor.cli.commands import list as listing
from doctor.cli.common import SharedOptions
from doctor.model.errors import UsageError
from doctor.plugins.catalog import Catalog
from doctor.plugins.catalog_entry import CatalogEntry
from doctor.state.settings import Settings

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)


def _document(capsys: pytest.CaptureFixture[str], kind: str = "") -> dict[str, list[dict[str, object]]]:
    assert listing.run(kind, "json", PLAIN) == 0
    found: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return found


def _on_disk(room: str, pattern: str) -> set[str]:
    top = Path(__file__).parents[3] / room
    files = [file.relative_to(top).with_suffix("") for file in top.glob(pattern) if not file.name.startswith("_")]
    # The folder of a subject is not part of an id.
    return {"/".join(dict.fromkeys((file.parts[0], file.name))).replace("_", "-") for file in files}


def test_the_list_is_what_is_on_disk(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no place to register anything, so nothing can be forgotten there."""
    document = _document(capsys)
    listed = {kind: {str(row["id"]) for row in document[kind]} for kind in ("checks", "fixers", "probes", "formats")}
    assert listed == {
        "checks": _on_disk("checks", "*/**/*.py"),
        "fixers": _on_disk("fixers", "*/**/*.py"),
        "probes": _on_disk("doctor/probes", "*.py"),
        "formats": _on_disk("reports", "*.py"),
    }


def test_every_row_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence each; a check knows whether it has a fixer."""
    document = _document(capsys)
    for kind in ("checks", "fixers", "probes", "formats"):
        assert [row["id"] for row in document[kind] if not row["summary"]] == []
    fixable = {row["id"] for row in document["checks"] if row["fixer"]}
    assert fixable == {row["id"] for row in document["fixers"]}


def test_one_kind_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON; another word is a mistake."""
    assert set(_document(capsys, "formats")) == {"schema_version", "formats"}
    assert listing.run("formats", "text", PLAIN) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"formats ({len(lines) - 1})"
    assert "  html" in {line.split("  Render")[0].rstrip() for line in lines}
    with pytest.raises(UsageError, match="choose one of checks, fixers, probes, formats, plugins"):
        listing.run("cheks", "text", PLAIN)


def test_a_broken_file_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is still listed."""
    (tmp_path / "broken_check.py").write_text("raise ValueError('boom \\x1b[31m')\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    catalog = Catalog()
    catalog.checks["x/broken"] = CatalogEntry(id="x/broken", module="broken_check", plugin="", path=str(tmp_path))
    (row,) = listing.rows("checks", catalog, Settings())
    assert row.fields["problem"] == "ValueError: boom \\x1b[31m"


def test_refused_plugins_are_named_with_the_reason() -> None:
    """Silence would look like a plugin that works."""
    catalog = Catalog(plugins=[("acme", "acme-checks 1.2")], refused=[("evil 0.1", "it ships doctor/x.py")])
    found = listing.rows("plugins", catalog, Settings(plugins=("acme-checks",)))
    assert [(row.fields["state"], row.fields["reason"]) for row in found] == [
        ("loaded", ""),
        ("refused", "it ships doctor/x.py"),
    ]
