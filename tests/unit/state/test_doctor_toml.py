"""doctor.toml: what it may say, and who may write it."""

import os
from pathlib import Path

import pytest
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
            expires="2027-01-31",
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
        (b'fail_onn = "error"', r"setting 'fail-onn' is unknown at /x.toml — did you mean 'fail-on'\?"),
        (b'fail-on = "bad"', "setting 'fail-on' is 'bad' .* choose one of info, warning, error, critical"),
        (b'allow = "manual"', "choose one of safe, disruptive, destructive"),
        (b"skip = 3", "'skip' must be a list of strings, not 3"),
        (b"skip = [3]", "'skip' must be a list of strings"),
        (b"plugins = 1", "must be a table"),
        (b"[plugins]\nalow = []", r"setting 'plugins.alow' is unknown .* did you mean 'allow'\?"),
        (b'[[waiver]]\nid = "a/b"', r"setting 'waiver\[1\].reason' is missing"),
        (b'[[waiver]]\nid = "a/b"\nreason = ""', r"setting 'waiver\[1\].reason' is empty"),
        (b'[[waiver]]\nid = "a/b"\nreason = "x"\nexpires = "soon"', "must be a date such as 2027-01-31, not 'soon'"),
        (b'[[waiver]]\nid = "a/b"\nreason = "x"\nuntil = 1', r"'waiver\[1\].until' is unknown"),
        (b"waiver = [1]", "must be a list of tables"),
        (b'[report]\nhtml = "here.html"', "must be an absolute path, not 'here.html'"),
        (b"[history]\nkeep-days = true", "must be a whole number, not True"),
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
    """A settings file that is no file is refused at once."""
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
    assert len(found.waivers) == 1
    assert replace(found, waivers=()) == Settings(path="/x.toml")
