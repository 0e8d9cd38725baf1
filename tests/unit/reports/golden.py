"""Rendered samples that are kept in the tree: ``python -m tests.unit.reports.golden`` writes them again."""

import shutil
from pathlib import Path

from doctor.model.report import Report
from doctor.plugins.load import load
from tests.unit.reports import samples

PLACE = Path(__file__).parent / "golden"
REPORTS: dict[str, Report] = {
    "broken": samples.BROKEN,
    "clear": samples.CLEAR,
    "healthy": samples.HEALTHY,
    "hidden": samples.HIDDEN,
    "incomplete": samples.INCOMPLETE,
    "narrowed": samples.NARROWED,
    "not-root": samples.NOT_ROOT,
    "nothing-ran": samples.NOTHING_RAN,
    "plan": samples.PLAN,
    "plan-blind": samples.BLIND,
    "repair": samples.REPAIR,
    "rolled-back": samples.ROLLED_BACK,
    "half-done": samples.HALF_DONE,
    "probed": samples.PROBED,
}
# The page is looked at in a browser instead; its markup changes with every wish about its looks.
NOT_KEPT = {"html"}


def renderings() -> dict[str, bytes]:
    """Return path → content, for each format and each kind of report it can show; a folder a format."""
    catalog = load()
    found = {}
    for name in sorted(set(catalog.formats) - NOT_KEPT):
        loaded = catalog.report_format(name)
        for title, report in REPORTS.items():
            if report.kind in loaded.declaration.of:  # type: ignore[union-attr]
                found[f"{name}/{title}.{name}"] = loaded.function(report)
    text = catalog.report_format("text").function
    found["text/broken-verbose-colour.text"] = text(samples.BROKEN, colour=True, width=60, verbose=True)
    return found


def kept() -> dict[str, bytes]:
    """Return path → content of what is in the tree."""
    return {str(file.relative_to(PLACE)): file.read_bytes() for file in PLACE.rglob("*") if file.is_file()}


if __name__ == "__main__":
    shutil.rmtree(PLACE, ignore_errors=True)
    for name, content in renderings().items():
        (PLACE / name).parent.mkdir(parents=True, exist_ok=True)
        (PLACE / name).write_bytes(content)
