"""A real headless Chromium that looks at real reports."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from doctor.reports.html import render

from doctor.model.report import Report

playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")


@dataclass
class Opened:
    """A page, and what it did that a report must not do: console messages, errors, requests beyond the file itself."""

    page: playwright.Page
    noise: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[playwright.Browser]:
    """Debian's Chromium; it needs no sandbox of its own in a test that opens only files of ours."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        yield browser
        browser.close()


Open = Callable[..., Opened]


@pytest.fixture
def look(chromium: playwright.Browser, tmp_path: Path) -> Iterator[Open]:
    """Return a function that renders a report and opens it; options are those of a browser context."""
    contexts = []

    def opened(report: Report, *, width: int = 1100, media: str = "screen", **options: object) -> Opened:
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_bytes(render(report))
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        result = Opened(context.new_page())
        result.page.on("console", lambda message: result.noise.append(message.text))
        result.page.on("pageerror", lambda error: result.noise.append(str(error)))
        result.page.on("dialog", lambda dialog: (result.noise.append(dialog.message), dialog.dismiss()))
        result.page.on("request", lambda request: result.requests.append(request.url))
        result.page.emulate_media(media=media)  # type: ignore[arg-type]
        result.page.goto(file.as_uri())
        assert result.requests == [file.as_uri()]
        return result

    yield opened
    for context in contexts:
        context.close()
