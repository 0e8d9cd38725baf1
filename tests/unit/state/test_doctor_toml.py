"""doctor.toml: what it may say, and who may write it."""

import contextlib
import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from doctor.model.errors import RefusedError, UsageError
from doctor.model.severity import Applicability, Severity
from doctor.state import settings
from doctor.state.settings import Keep, Settings, Waiver

WHOLE = b"""
fail-on = "error"
allow = "disruptive"
skip = ["security", "network/mtu-too-big"]

[plugins]
allow = ["acme-checks==1.2"]

[[waiver]]
id = "network/ip-forward-off"
subject = "net.ipv4.ip_forward"
reason = "a router does it"
expires = 2027-01-31

[report]
html = "/srv/www/doctor.html"
prometheus = "/var/lib/node_exporter/doctor.prom"

[schedule]
every = "hourly"
probe = true

[history]
keep-days = 30
keep-scans = 100
"""


NAMES = (
    *("fail-on", "allow", "skip", "plugins", "waiver", "report", "schedule", "history", "metadata"),
    *("id", "reason", "expires", "html", "every", "probe", "keep", "days", "keep-days", "keep_days"),
)


def test_every_setting_is_read() -> None:
    """Documented settings take effect."""
    found = settings.parse(WHOLE, "/x.toml")
    assert (found.fail_on, found.allow) == (Severity.ERROR, Applicability.DISRUPTIVE)
    assert found.skip == ("security", "network/mtu-too-big")
    assert found.plugins == ("acme-checks==1.2",)
    assert found.waivers == (
        Waiver(
            id="network/ip-forward-off",
            subject="net.ipv4.ip_forward",
            reason="a router does it",
            expires=dt.date(2027, 1, 31),
        ),
    )
    assert (found.report.html, found.report.prometheus) == (
        "/srv/www/doctor.html",
        "/var/lib/node_exporter/doctor.prom",
    )
    assert (found.schedule.every, found.schedule.probe) == ("hourly", True)
    assert found.keep == Keep(days=30, scans=100)


def test_an_empty_file_says_nothing() -> None:
    """Defaults stand where nothing is said."""
    assert settings.parse(b"", "/x.toml") == Settings(path="/x.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'fail_onn = "error"', r"/x.toml: setting 'fail-onn' is unknown — did you mean 'fail-on'\?"),
        (b'fail-on = "bad"', "/x.toml: setting 'fail-on' must be one of info, warning, error, critical, not \"bad\""),
        (b'allow = "manual"', "must be one of safe, disruptive, destructive, not"),
        (b"skip = 3", "'skip' must be a list, not 3"),
        (b'skip = ["a", 3]', r"'skip\[2\]' must be a string, not 3"),
        (b"plugins = 1", "'plugins' must be a table, not 1"),
        (b"[plugins]\nalow = []", r"setting 'plugins.alow' is unknown .* did you mean 'allow'\?"),
        (b'[[waiver]]\nid = "a/b"', r"setting 'waiver\[1\].reason' is missing"),
        (b'[[waiver]]\nid = "a/b"\nreason = ""', r"setting 'waiver\[1\].reason' is empty"),
        (b'[[waiver]]\nid = "a/b"\nreason = "x"\nexpires = "soon"', 'must be a date such as 2027-01-31, not "soon"'),
        (b'[[waiver]]\nid = "a/b"\nreason = "x"\nuntil = 1', r"'waiver\[1\].until' is unknown"),
        (b"waiver = 1", "'waiver' must be a list, not 1"),
        (b"waiver = [1]", r"'waiver\[1\]' must be a table, not 1"),
        (b'[[waiver]]\nid = "a/b"\nreason = "x"\nexpires = 3', r"'waiver\[1\].expires' must be a date such as"),
        (b'[schedule]\nevery = "never"', "'schedule.every' must be one of hourly, daily, weekly, not"),
        (b"[schedule]\nprobe = 1", "'schedule.probe' must be true or false, not 1"),
        (b"[history]\nkeep-days = " + b"1" * 5000, "can't parse the settings"),
        (b"'x - at `$.y`' = 1", "is unknown"),
        (b'path = "/x"', "'path' is unknown"),
        (b'[report]\nhtml = "here.html"', 'must be an absolute path, not "here.html"'),
        (b"[history]\nkeep-days = true", "must be a whole number, not true"),
        (b"[history]\nkeep-days = 0", "must be at least 1, not 0"),
        (b"skip = [", "can't parse the settings"),
        (b"\xff\xfe", "can't parse the settings"),
        (b"a = " + b"[" * 100_000, "can't parse the settings"),
        (b"#" * (2 << 20), "larger than 1 MiB"),
    ],
)
def test_a_mistake_is_named(text: bytes, says: str) -> None:
    """Nothing that the file says is ignored in silence."""
    with pytest.raises(UsageError, match=says):
        settings.parse(text, "/x.toml")


def test_no_file_at_the_default_place_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Most hosts have none; a path that somebody named must be there."""
    monkeypatch.setattr(settings, "CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "none.toml"))
    assert settings.load() == Settings()
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "other.toml"))
    with pytest.raises(UsageError, match="there is no settings file"):
        settings.load()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to lose")
def test_root_follows_no_file_that_others_can_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file may allow plugins, so who can write it can become root."""
    file = tmp_path / "doctor.toml"
    file.write_bytes(b'fail-on = "error"')
    monkeypatch.setenv("DOCTOR_CONFIG", str(file))
    file.chmod(0o644)
    assert settings.load().fail_on is Severity.ERROR
    file.chmod(0o664)
    with pytest.raises(RefusedError, match="users other than root may have written it"):
        settings.load()
    file.chmod(0o644)
    os.chown(file, 1000, 0)
    with pytest.raises(RefusedError, match="chown root"):
        settings.load()
    os.chown(file, 0, 0)
    tmp_path.chmod(0o777)
    with pytest.raises(RefusedError, match="can be written by everybody"):
        settings.load()


def test_a_fifo_does_not_hang(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A settings file that is not a file is refused at once."""
    os.mkfifo(tmp_path / "doctor.toml", 0o600)
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "doctor.toml"))
    with pytest.raises(UsageError, match="not a regular file"):
        settings.load()


def test_the_documented_file_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample in docs/settings.md is valid, and its defaults are the real ones."""
    monkeypatch.delenv("DOCTOR_STATE_DIR")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    page = (Path(__file__).parents[3] / "docs" / "settings.md").read_text("utf-8")
    shown = page.partition("```toml\n")[2].partition("```")[0]
    found = settings.parse(shown.encode(), "/x.toml")
    assert (len(found.waivers), len(found.notify)) == (1, 1)
    assert replace(found.notify[0], secret_file="") == settings.Recipient(to=found.notify[0].to)
    assert replace(found, waivers=(), notify=()) == Settings(path="/x.toml")


@given(
    st.recursive(
        st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_every_mistake_can_be_explained(value: Any) -> None:
    """Each table is either settings, or an error that names a key of the file."""
    table = value if isinstance(value, dict) else {"skip": value}
    with contextlib.suppress(UsageError):
        settings.decode(table, "/x.toml")


def test_the_words_are_those_of_the_ranks() -> None:
    """The types of the file list the words of `Severity` and of `Applicability` (a manual repair can't be allowed)."""
    for word in (one.word for one in Severity):
        assert settings.parse(f'fail-on = "{word}"'.encode(), "/x.toml").fail_on.word == word
    for word in (one.word for one in Applicability if one is not Applicability.MANUAL):
        assert settings.parse(f'allow = "{word}"'.encode(), "/x.toml").allow.word == word
