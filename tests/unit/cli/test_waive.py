"""``doctor waive``: a table is added to the settings, and nothing else in them changes."""

import datetime as dt
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from doctor.cli.commands.settings import waive
from doctor.cli.commands.settings.waive import WaiveOptions
from doctor.cli.common import SharedOptions
from doctor.history.store import History
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.finding import Finding, Subject
from doctor.model.severity import Severity
from doctor.state.settings import Waiver, load, parse
from doctor.state.waiver_text import added
from tests.unit.history.test_lives import scan

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
TODAY = dt.date(2026, 11, 30)
ID = "network/ip-forward-off"
ORDINARY = WaiveOptions(id=ID, reason="a router does it", until="2027-06-30", author="Jo")
FILE = b'# ours\nfail-on = "error"   # since the outage\r\n\n[history]\nkeep-days = 7'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of this test, in a directory of its own."""
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "etc" / "doctor.toml"))
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "etc" / "doctor.toml"


def test_comments_and_bytes_stay(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also the mode, and a link of a tool that manages the file."""
    config.parent.mkdir()
    managed = config.with_name("managed.toml")
    managed.write_bytes(FILE)
    managed.chmod(0o640)
    config.symlink_to(managed)
    assert waive.run(ORDINARY, PLAIN, today=TODAY) == 0
    assert managed.read_bytes() == FILE + (
        b'\n\n[[waiver]]\nid = "network/ip-forward-off"\nreason = "a router does it"\nauthor = "Jo"\n'
        b'created = 2026-11-30\nexpires = 2027-06-30\nseverity = "critical"\n'
    )
    assert config.is_symlink()
    assert stat.S_IMODE(managed.stat().st_mode) == 0o640
    assert capsys.readouterr().out == f"waived until 2027-06-30, up to critical: {ID} ({config})\n"
    assert [one.created for one in load().waivers] == [TODAY]


def test_a_missing_file_is_created(config: Path) -> None:
    """With its directory; the end may be an age, or never."""
    for number, until in enumerate(("90d", "2w", "never", "2026-11-30")):
        options = WaiveOptions(id=ID, subject=str(number), reason="r", until=until)
        assert waive.run(options, PLAIN, today=TODAY) == 0
    assert [one.expires for one in load().waivers] == [dt.date(2027, 2, 28), dt.date(2026, 12, 14), None, TODAY]
    assert stat.S_IMODE(config.stat().st_mode) & 0o022 == 0


def test_the_findings_that_it_covers_are_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped subject covers none, and that is said."""
    found = Finding(id=ID, subject=Subject("sysctl", "net.ipv4.ip_forward"), message="\x1b[2Jnot forwarded")
    with History() as history:
        history.keep(scan(more=[found]))
    assert waive.run(ORDINARY, PLAIN, today=TODAY) == 0
    assert "it covers 1 finding of the last scan:\n  ERROR     \\x1b[2Jnot forwarded\n" in capsys.readouterr().out
    waive.run(WaiveOptions(id=ID, subject="net", reason="r", until="1d"), PLAIN, today=TODAY)
    assert "the last scan has no such finding" in capsys.readouterr().err


def test_the_list_shows_what_ended(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An ended waiver may be renewed, and the old one is named."""
    waive.run(ORDINARY, PLAIN, today=TODAY)
    later = dt.date(2027, 7, 1)
    waive.run(WaiveOptions(id=ID, subject="x", reason="r", until="never", author="\x1b"), PLAIN, today=TODAY)
    assert waive.run(WaiveOptions(id=ID, reason="again", until="1d"), PLAIN, today=later) == 0
    assert "the waiver that ended on 2027-06-30 is still in the file" in capsys.readouterr().err
    assert waive.run(WaiveOptions(), PLAIN, today=later) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{ID}: ended on 2027-06-30, the finding counts again"
    assert lines[1] == "  a router does it, by Jo, since 2026-11-30"
    assert lines[2] == f"{ID} for x: waived without an end, up to critical"
    assert "\\x1b" in lines[3]
    assert lines[4] == f"{ID}: waived until 2027-07-02, up to critical (1 day)"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (WaiveOptions(id="network/ip-forward-of", reason="r", until="1d"), "did you mean 'network/ip-forward-off'"),
        (WaiveOptions(id="network", reason="r", until="1d"), "there is no check 'network'"),
        (WaiveOptions(id=ID, reason="  ", until="1d"), "--reason is missing"),
        (WaiveOptions(id=ID, reason="r"), "--until is missing"),
        (WaiveOptions(id=ID, reason="r", until="soon"), "--until 'soon' is not a day"),
        (WaiveOptions(id=ID, reason="r", until="2026-11-29"), "--until 2026-11-29 is in the past"),
        (WaiveOptions(id=ID, reason="r", until="1d", subject="caf\udce9"), "bytes that are not UTF-8"),
        (WaiveOptions(id=ID, reason="r", until="1d", severity="bad"), "--severity 'bad' is unknown"),
        (WaiveOptions(reason="r"), "the id of a check is missing"),
    ],
)
def test_mistakes_are_named(config: Path, options: WaiveOptions, says: str) -> None:
    """And nothing is written."""
    with pytest.raises(UsageError, match=says):
        waive.run(options, PLAIN, today=TODAY)
    assert not config.exists()


def test_what_is_waived_is_not_waived_twice(config: Path) -> None:
    """Another subject is another waiver."""
    waive.run(ORDINARY, PLAIN, today=TODAY)
    with pytest.raises(UsageError, match="it is waived already"):
        waive.run(ORDINARY, PLAIN, today=TODAY)


@pytest.mark.parametrize(
    ("found", "given", "kept"),
    [
        ((), "", "critical"),
        ((Severity.WARNING,), "", "warning"),
        ((Severity.WARNING, Severity.ERROR), "", "error"),
        ((Severity.WARNING,), "critical", "critical"),
    ],
)
def test_the_severity_is_that_of_the_last_scan(
    config: Path, found: tuple[Severity, ...], given: str, kept: str
) -> None:
    """Of the worst finding that is covered; without one that of the check; one that is given counts."""
    findings = [
        Finding(id=ID, subject=Subject("sysctl", str(number)), message="m", severity=level)
        for number, level in enumerate(found)
    ]
    with History() as history:
        history.keep(scan(more=findings))
    assert waive.run(replace(ORDINARY, severity=given), PLAIN, today=TODAY) == 0
    assert [one.severity for one in load().waivers] == [kept]


def test_a_worse_finding_can_be_waived_again(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not one that is covered; the older waiver is named, and so are findings above the severity."""
    assert waive.run(replace(ORDINARY, severity="warning"), PLAIN, today=TODAY) == 0
    assert waive.run(replace(ORDINARY, severity="error"), PLAIN, today=TODAY) == 0
    assert "the waiver up to warning is still in the file: remove it" in capsys.readouterr().err
    with pytest.raises(UsageError, match="it is waived already"):
        waive.run(replace(ORDINARY, severity="info"), PLAIN, today=TODAY)
    with History() as history:
        history.keep(scan(more=[Finding(id=ID, subject=Subject("s", "x"), message="m", severity=Severity.CRITICAL)]))
    assert waive.run(WaiveOptions(id=ID, subject="x", reason="r", until="1d", severity="info"), PLAIN, today=TODAY) == 0
    assert "1 finding of the last scan is above info: still counted" in capsys.readouterr().err


@pytest.mark.parametrize("text", [b"waiver = []\n", b"broken", b"fail-on = 7\n", b"\xff\xfe"])
def test_a_file_that_can_not_be_extended_stays_as_it_is(config: Path, text: bytes) -> None:
    """The text is shown, where only its place is wrong."""
    config.parent.mkdir()
    config.write_bytes(text)
    with pytest.raises(UsageError) as caught:
        waive.run(ORDINARY, PLAIN, today=TODAY)
    assert config.read_bytes() == text
    assert ("add it yourself:\n[[waiver]]" in str(caught.value)) == (text == b"waiver = []\n")


def test_a_place_that_can_not_be_written(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root is named, or the reason."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(waive, "write_out", refuse)
    with pytest.raises(RefusedError, match=r"sudo .*waive network/ip-forward-off' with the same options"):
        waive.run(ORDINARY, PLAIN, today=TODAY)
    config.parent.write_bytes(b"")
    monkeypatch.undo()
    monkeypatch.setenv("DOCTOR_CONFIG", str(config))
    with pytest.raises(DoctorError, match="the settings can't be written"):
        waive.run(ORDINARY, PLAIN, today=TODAY)


@given(
    st.builds(
        Waiver,
        id=st.text(min_size=1),
        subject=st.text(),
        reason=st.text(min_size=1),
        author=st.text(),
        created=st.none() | st.dates(),
        expires=st.none() | st.dates(),
        severity=st.sampled_from(["", "warning", "critical"]),
    ),
    st.sampled_from([b"", b"# x", FILE, b'[[waiver]]\nid = "a/x"\nreason = "r"\n\n[schedule]\nevery = "hourly"']),
)
def test_any_text_is_kept_as_it_is(waiver: Waiver, before: bytes) -> None:
    """Quotes, line breaks, control characters, characters beyond the first plane."""
    text = added(before, waiver, "x.toml")
    assert text.startswith(before)
    assert parse(text, "x.toml").waivers == (*parse(before, "x.toml").waivers, waiver)
