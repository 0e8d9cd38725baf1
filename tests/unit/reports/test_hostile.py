"""Hostile text in a name, a file or a log is harmless in every format."""

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from doctor.reports import html as page
from doctor.reports import npd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doctor.model.text import visible
from doctor.plugins.load import load
from tests.unit.reports import samples

CATALOG = load()
# Everything a str can hold, lone surrogates (undecodable bytes) included, and what an attacker would write more often.
ANY = st.text(
    st.one_of(
        st.characters(codec=None, exclude_categories=()),
        st.sampled_from(
            "\x00\x07\x08\t\n\r\x1b\x7f\x9b\u200b\u202e\u2066\u2028\ufeff\ufffe\U000e0041\ud800\udc80\udcff"
        ),
        st.sampled_from("<>&\"'`|{}%\\[]()*_#@$;="),
    ),
    max_size=40,
)
FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def renderings(text: str) -> dict[str, bytes]:
    """Return every format of every kind of report that holds ``text`` wherever a host can write."""
    found = {}
    for name in CATALOG.formats:
        loaded = CATALOG.report_format(name)
        for report in samples.hostile(text):
            if report.kind in loaded.declaration.of:  # type: ignore[union-attr]
                found[f"{name} of a {report.kind}"] = loaded.function(report)
    return found


@FEW
@given(ANY)
@example(samples.NASTY)
def test_no_terminal_obeys_it(text: str) -> None:
    """Valid UTF-8, no control character but line ends (and tabs), nothing that reorders or hides."""
    for name, raw in renderings(text).items():
        shown = raw.decode("utf-8")
        bad = {
            letter
            for letter in shown
            if letter not in "\n\t" and unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
        }
        assert not bad, name


@FEW
@given(ANY)
@example(samples.NASTY)
def test_documents_stay_documents(text: str) -> None:
    """JSON and XML parse, and say what was written."""
    for name, raw in renderings(text).items():
        if name.startswith(("json", "sarif")):
            json.loads(raw)
        if name.startswith("junit"):
            ET.fromstring(raw)
        if name.startswith("nagios"):
            assert raw.count(b"\n") == 1
            assert raw.count(b"|") == 1
        if name.startswith("npd"):
            assert raw.count(b"\n") == 1
            assert len(raw) <= npd.LONGEST_BYTES + 1
    document = json.loads(renderings(text)["json of a scan"])
    assert document["findings"][0]["message"] == visible(text)


@FEW
@given(ANY)
@example(samples.NASTY)
@example('x"} 1\ndoctor_findings{severity="critical"} 0')
def test_metrics_can_not_be_forged(text: str) -> None:
    """Each line is a comment or one sample of ours."""
    line = re.compile(r'doctor_[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? [0-9.e+-]+')
    for name, raw in renderings(text).items():
        if name.startswith("prometheus"):
            for written in raw.decode().rstrip("\n").split("\n"):
                assert written.startswith("# ") or line.fullmatch(written), written


class Skeleton(HTMLParser):
    """Gathers tags with the names of their attributes: what a host must not be able to change."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))


def skeleton(raw: bytes) -> list[tuple[str, tuple[str, ...]]]:
    """Return the tags of a page, in order."""
    parser = Skeleton()
    parser.feed(raw.decode())
    return parser.tags


@FEW
@given(ANY.filter(lambda text: text not in {"", "/"}))  # "/" is the live host's root, which the page does not name
@example(samples.NASTY)
def test_the_page_keeps_its_skeleton(text: str) -> None:
    """Tags and attributes are those of a harmless text; only words differ."""
    # Wrapping and colours depend on lines, so the harmless one has as many, with the same beginnings.
    harmless = "\n".join(re.sub(r"[^+\-\n]", "x", line) for line in visible(text, keep="\n").split("\n"))
    for bad, good in zip(samples.hostile(text), samples.hostile(harmless), strict=True):
        assert skeleton(page.render(bad)) == skeleton(page.render(good))


@pytest.mark.parametrize("report", samples.hostile(), ids=lambda report: report.kind)
def test_the_page_holds_nothing_that_runs_or_loads(report: samples.Report) -> None:
    """No script, nothing that is fetched, no attribute that acts; links lead into the page, or to a check's references."""
    raw = page.render(report).decode()
    for tag, attributes in skeleton(raw.encode()):
        assert tag not in {"script", "img", "iframe", "object", "embed", "link", "base", "form", "video"}
        assert not any(name.startswith("on") or name in {"src", "style", "srcset", "action"} for name in attributes)
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', raw))
    # The switch for paper is not in a form, so nothing is ever sent.
    assert raw.count("<input") <= 1
    assert "default-src &#39;none&#39;" in raw
    assert "url(" not in raw
    assert "@import" not in raw


def test_templates_quote_every_attribute() -> None:
    """Escaping does not help where an attribute has no quotes: ``class={{ x }}`` would take a second attribute."""
    from pathlib import Path

    templates = list((Path(__file__).parents[3] / "reports/templates").glob("*.html"))
    assert templates
    for file in templates:
        assert not re.findall(r"=\s*\{[{%]", re.sub(r"\{%.*?%\}", "", file.read_text("utf-8"))), file.name
        assert "|safe" not in file.read_text("utf-8")
