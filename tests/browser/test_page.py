"""The HTML report in a real browser: for every reader, on every screen, whatever the host has written."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.model.report import Report
from tests.browser.conftest import Open
from tests.unit.fleet.fleet_kit import finding, merged, write
from tests.unit.fleet.fleet_kit import report as fleet_report
from tests.unit.reports import pages, samples

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

REPORTS: dict[str, Report] = {
    "changed": pages.completed(pages.CHANGED),
    "healthy": samples.HEALTHY,
    "remarks": pages.REMARKS,
    "incomplete": samples.INCOMPLETE,
    "repaired": pages.completed(samples.REPAIRED),
    "plan": samples.PLAN,
    "rolled-back": samples.ROLLED_BACK,
    "probed": samples.PROBED,
    **{f"hostile-{report.kind}": report for report in samples.hostile()},
}
EVERY = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
# WCAG 2.1 AA 1.4.3: text 4.5 to 1. Computed from what Chromium would paint, tints resolved down to the first opaque one.
CONTRASTS = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const found = parse(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const worst = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const key = `${node.tagName}.${node.className}`;
    worst[key] = Math.min(worst[key] ?? 99, (a + .05) / (b + .05));
  }
  return worst;
}"""


def violations(page: Any) -> list[str]:
    """Return what axe-core finds by the rules of WCAG 2.1 AA and its best practices."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra 'browser' is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [f"{item['id']}: {[node['target'] for node in item['nodes'][:3]]}" for item in found]


@EVERY
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(look: Open, report: Report, scheme: str) -> None:
    """On a phone, a tablet and a screen; every fold open, so that everything is judged; no message, no request, no dialog."""
    opened = look(report, color_scheme=scheme)
    opened.page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    for width in (360, 768, 1280):
        opened.page.set_viewport_size({"width": width, "height": 900})
        assert violations(opened.page) == [], width
    assert opened.noise == []
    assert len(opened.requests) == 1


@EVERY
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_text_stands_out(look: Open, report: Report, scheme: str, media: str) -> None:
    """Contrast of at least 4.5, also on paper printed from a dark screen."""
    opened = look(report, color_scheme=scheme, media=media)
    opened.page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    ratios = opened.page.evaluate(CONTRASTS)
    assert len(ratios) > 10
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


@EVERY
@pytest.mark.parametrize("width", [320, 390, 1400])
def test_nothing_runs_out_of_the_screen(look: Open, report: Report, width: int) -> None:
    """No sideways scrolling from a small phone to a wide screen, long names included."""
    opened = look(report, width=width)
    opened.page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@EVERY
def test_it_reads_without_script(look: Open, report: Report) -> None:
    """Script is off: the same words are there."""
    with_script = look(report).page.locator("body").inner_text()
    without = look(report, java_script_enabled=False).page.locator("body").inner_text()
    assert without == with_script
    assert len(without) > 100


def sheets(page: Any) -> int:
    """Return how many sheets of A4 a page takes."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4")))


def test_paper_shows_the_problems(look: Open) -> None:
    """An ordinary broken host is two sheets; the rest is printed on request, and then what is folded is printed, too."""
    page = look(samples.BROKEN, media="print").page
    for words in (samples.DATABASE.message, "no answer from 198.51.100.2:80", "firewall/dnat-missing"):
        assert page.get_by_text(words).first.is_visible(), words
    asked_for = ("the host's resolv.conf names a server", "no kubelet on this host", samples.INFO.message)
    assert not any(page.get_by_text(words).first.is_visible() for words in (*asked_for, "Skip to the findings"))
    assert sheets(page) <= 2
    assert sheets(look(pages.completed(pages.ORDINARY), media="print").page) <= 2
    page.emulate_media(media="screen")
    page.get_by_label("Print also repairs, remarks, earlier scans and what passed").check()
    page.emulate_media(media="print")
    for words in asked_for:
        found = page.get_by_text(words).first
        assert found.evaluate("node => node.checkVisibility({contentVisibilityAuto: true})"), words
    assert sheets(page) >= 2


def test_an_opened_fold_is_printed(look: Open) -> None:
    """Long evidence is on paper if its reader opened it."""
    page = look(samples.BROKEN).page
    page.emulate_media(media="print")
    assert not page.get_by_text("start 20 failed").is_visible()
    page.emulate_media(media="screen")
    page.get_by_text("More evidence").click()
    page.emulate_media(media="print")
    assert page.get_by_text("start 20 failed").is_visible()


def test_a_keyboard_reaches_everything(look: Open) -> None:
    """The skip link first and visible once it has the focus; each link and fold in the order of reading."""
    page = look(samples.BROKEN).page
    wanted = page.locator("a, summary, input").evaluate_all(
        "nodes => nodes.filter(node => node.checkVisibility()).length"
    )
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "() => { const node = document.activeElement, box = node.getBoundingClientRect();"
                " return [node.tagName, node.className, box.left >= 0, getComputedStyle(node).outlineStyle] }"
            )
        )
    assert seen[0][1] == "jump"
    assert all(is_on_screen for _, _, is_on_screen, _ in seen)
    assert all(outline != "none" for _, _, _, outline in seen)
    assert {name for name, *_ in seen} == {"A", "SUMMARY", "INPUT"}
    page.get_by_text("1 remark").focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open]").count() >= 1


def test_the_skip_link_leads_to_the_findings(look: Open) -> None:
    """And a symptom's link to its cause."""
    page = look(samples.BROKEN).page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.get_by_role("link", name="network database is corrupt").click()
    assert page.locator(":target h3").inner_text() == samples.DATABASE.message


def test_landmarks_and_headings(look: Open) -> None:
    """One banner, one main part, one footer; headings without a gap, named sections."""
    page = look(samples.BROKEN).page
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(node => +node.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.get_by_role("region", name="Problems").count() == 1
    assert page.get_by_role("figure", name="Findings of 31 scans").count() == 1


def test_what_is_wrong_comes_first(look: Open) -> None:
    """Above what was done, what could not be seen, and history; a cause above its symptom."""
    page = look(replace(samples.BROKEN, repairs=(samples.REPAIR,))).page
    assert page.locator("h2").all_inner_texts() == [
        "Problems",
        "Not examined",
        "Repaired 2027-01-15 08:00 UTC",
        "Test containers on this host",
        "Worth knowing",
        "Accepted by the settings",
        "Earlier scans",
        "Checks",
    ]
    headings = page.locator("section[aria-labelledby=wrong] h3").all_inner_texts()
    assert headings.index(samples.DATABASE.message) < headings.index(samples.DOWN.message)
    for name in ("remarks", "checked"):
        assert page.locator(f"section[aria-labelledby={name}] details").count() >= 1
        assert page.locator(f"section[aria-labelledby={name}] details[open]").count() == 0


def test_the_chart_shows_every_scan(look: Open) -> None:
    """A line for each severity, a mark for each scan at its time, the numbers in a table beneath."""
    page = look(samples.BROKEN).page
    assert page.locator(".chart svg.lane").count() == 4
    marks = page.locator(".chart .axis .scan")
    assert marks.count() == len(samples.HISTORY) + 1
    assert "2 critical, 1 error, 1 warning, 1 info" in (marks.last.locator("title").text_content() or "")
    page.get_by_text("The numbers of 31 scans").click()
    assert page.locator("tbody tr").first.inner_text().split("\t")[1:] == ["2", "1", "1", "1"]


def test_a_gap_in_the_scans_is_a_gap_in_the_lines(look: Open) -> None:
    """At its place on the axis: the host was off from the 10th to the 19th day of 30."""
    days = tuple(row for number, row in enumerate(samples.HISTORY) if not 10 <= number < 19)
    page = look(replace(samples.BROKEN, history=days)).page
    lines = page.locator(".lane .line").evaluate_all("nodes => nodes.map(node => node.getAttribute('d'))")
    assert [line.count("M") for line in lines] == [2, 2, 2, 2]
    gap = page.locator(".lane .gap").first
    assert abs(float(gap.get_attribute("x") or 0) - 300) < 2
    assert abs(float(gap.get_attribute("width") or 0) - 333) < 2
    assert page.get_by_text("No scan ran 2026-12-25 08:00 UTC to 2027-01-04 08:00 UTC.").is_visible()


def test_the_axis_is_readable_on_a_phone(look: Open) -> None:
    """Its labels have the size of text, and none touches another."""
    page = look(samples.BROKEN, width=360).page
    boxes = page.locator(".axis text").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect())"
        ".filter(box => box.height).map(box => [box.left, box.right, box.height])"
    )
    assert len(boxes) >= 2
    assert all(height >= 11 for _, _, height in boxes)
    assert all(right + 6 < left for (_, right, _), (left, _, _) in pairwise(boxes))


def test_the_dark_page_is_dark(look: Open) -> None:
    """The reader's wish decides; nothing is left white."""
    script = "getComputedStyle(document.documentElement).backgroundColor"
    light, dark = (look(samples.BROKEN, color_scheme=scheme).page.evaluate(script) for scheme in ("light", "dark"))
    assert light == "rgb(250, 250, 247)"
    assert dark == "rgb(19, 22, 24)"


def test_the_policy_stops_what_escaping_would_let_through(look: Open) -> None:
    """A second wall: script and picture that somebody got into the page do neither run nor load."""
    opened = look(samples.HEALTHY)
    opened.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        " const i = document.createElement('img'); i.src = 'http://198.51.100.9/x'; document.body.append(i); }"
    )
    opened.page.wait_for_timeout(100)
    assert opened.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in line for line in opened.noise)


def test_the_name_of_a_host_is_on_one_line(look: Open, tmp_path: Path) -> None:
    """Also beside long ids of findings, which may be broken anywhere."""
    wrong = [finding(f"network/a-problem-with-a-long-name-{number}", "critical") for number in range(3)]
    hosts = [fleet_report(name, *wrong, host={"engine": "26.1.5+dfsg1"}) for name in ("web3", "db-12.example")]
    page = look(merged(write(tmp_path / "reports", *hosts))).page
    lines = "nodes => nodes.map(node => (node.range = new Range(), node.range.selectNodeContents(node), node.range.getClientRects().length))"
    for words in ("web3", "db-12.example", "26.1.5+dfsg1"):
        cells = page.locator("th[scope=row], td", has_text=re.compile(f"^{re.escape(words)}$"))
        assert set(cells.evaluate_all(lines)) == {1}, words
