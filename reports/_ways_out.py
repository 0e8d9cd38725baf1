"""The command and the links beside a finding: how to repair it, and where to read more."""

import re
import shlex
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from msgspec import Struct

from doctor.model.declare import CheckPage
from doctor.model.finding import Finding
from doctor.model.report import HostInfo
from doctor.model.severity import Applicability
from doctor.model.text import visible

_CVE = re.compile(r"(?<![\w-])CVE-(?:19|20)\d\d-\d{4,7}(?![\w-])")
_CVE_PLACE = "https://www.cve.org/CVERecord?id="
_GITHUB = re.compile(
    r"/(?P<repository>[\w.-]+/[\w.-]+)/(?:(?:issues|pull)/(?P<number>\d+)$|blob/|security/|releases/|tree/)"
)
_LONGEST = 40


class PageLink(Struct, frozen=True):
    """A reference of a check: its name, and its address, "" for a place that has none."""

    name: str
    address: str


def command(finding: Finding, host: HostInfo) -> str:
    """Return the command that shows the repair of a finding, or else what a person can do.

    >>> from doctor.model.finding import FixSummary, Subject
    >>> disk = HostInfo(name="web", root="/mnt/disk 1")
    >>> found = Finding(subject=Subject("x", "y"), message="m", id="a/b", fix=FixSummary(Applicability.DISRUPTIVE, "s"))
    >>> command(found, disk)
    "doctor fix a/b --allow disruptive --root '/mnt/disk 1'"
    >>> command(Finding(subject=Subject("x", "y"), message="m", id="probe/egress-failed"), disk)
    'doctor probe egress'
    """
    name = finding.id.removeprefix("probe/").removesuffix("-failed")
    if finding.id == f"probe/{name}-failed":
        return f"doctor probe {name}"
    if finding.fix is None or finding.fix.applicability is Applicability.MANUAL:
        return f"doctor explain {finding.id}"
    words = ["doctor", "fix", finding.id]
    if finding.fix.applicability > Applicability.SAFE:
        words += ["--allow", finding.fix.applicability.word]
    if host.root != "/":
        words += ["--bundle" if host.is_bundle else "--root", host.root]
    return shlex.join(words)


def effect(text: str) -> str:
    """Return what the command does, in a few words."""
    if text.startswith("doctor fix ") and " --bundle " in text:
        return "shows the repair, which is applied on the host itself"
    if text.startswith("doctor fix "):
        return "shows the repair; --apply carries it out"
    return "tries it again" if text.startswith("doctor probe ") else "describes the problem and the way out"


def links(page: CheckPage | None) -> list[PageLink]:
    """Return the references of a check. Only an address of the web becomes a link.

    >>> page = CheckPage(summary="", references=("https://docs.docker.com/engine/security/", "moby/moby: daemon/x.go"))
    >>> [(link.name, link.address) for link in links(page)]
    [('docs.docker.com: security', 'https://docs.docker.com/engine/security/'), ('moby/moby: daemon/x.go', '')]
    """
    return [_link(text) for text in page.references] if page is not None else []


def _link(text: str) -> PageLink:
    if not re.fullmatch(r"https://[\x21-\x7e]+", text):
        return PageLink(text, "")
    parts = urlsplit(text)
    if parts.hostname == "github.com" and (found := _GITHUB.match(parts.path)):
        number, file = found["number"], parts.path.rpartition("/")[2]
        return PageLink(found["repository"] + (f"#{number}" if number else f": {file}"), text)
    last = parts.fragment or parts.path.rstrip("/").rpartition("/")[2]
    name = f"{parts.hostname}: {last}" if last else parts.hostname or text
    return PageLink(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…", text)


def with_cves(text: str) -> Markup:
    """Return text of a host, escaped, with a link for each CVE number in it.

    >>> with_cves("<b> CVE-2024-21626")
    Markup('&lt;b&gt; <a href="https://www.cve.org/CVERecord?id=CVE-2024-21626" rel="noreferrer">CVE-2024-21626</a>')
    """
    safe = str(escape(visible(text, keep="\n\t")))
    # The escaping changes no letter, digit or hyphen, and the pattern matches nothing else.
    return Markup(_CVE.sub(lambda found: f'<a href="{_CVE_PLACE}{found[0]}" rel="noreferrer">{found[0]}</a>', safe))  # noqa: S704
