"""Notifications of a scheduled scan, to real mail and web servers outside: well, down, slow, dropping, failing, redirecting."""

import email
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import CHECKOUT
from tests.live.commands import post_office

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]
pytest.importorskip("aiosmtpd")

KEY = "hunter2-hunter2"
WEB = f"http://{post_office.ADDRESS}:{post_office.HTTP}"
SETTINGS = f"""
[report]
prometheus = "/srv/all.prom"
[[notify]]
to = "{WEB}/hook"
secret-file = "/etc/doctor/hook.key"
[[notify]]
to = "https://outside.test:{post_office.HTTPS}/token"
secret-file = "/etc/doctor/hook.key"
auth = "bearer"
ca-file = "/etc/doctor/ca.pem"
[[notify]]
to = "smtp://{post_office.ADDRESS}:{post_office.MAIL}/?to=ops@example.com,dead@example.com,b@example.com&from=doctor@example.com"
[[notify]]
to = "https://{post_office.ADDRESS}:{post_office.HTTPS}/proxied"
ca-file = "/etc/doctor/ca.pem"
proxy = "from:/etc/doctor/proxy"
[[notify]]
to = "textfile:/srv/doctor.prom"
[[notify]]
to = "nagios:/srv/nagios"
"""
ILL = [f"{WEB}/{path}" for path in ("slow", "drop", "500", "redirect")] + [
    f"smtp://{post_office.ADDRESS}:{port}/?to=ops@example.com"
    for port in (post_office.DROPPING, post_office.SILENT, post_office.LATER, post_office.CLOSING)
]
FAILING = len(ILL) + 1
"""With the address that is refused."""
ILL_SETTINGS = "".join(f'[[notify]]\nto = "{word}"\ntimeout = 1\n' for word in ILL)


class Outside:
    """The servers, and what arrived at them."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def heal(self) -> None:
        """Make the ill servers well."""
        Path(f"{self.file}.well").touch()

    def arrived(self) -> list[dict[str, Any]]:
        """Everything that arrived since the last call."""
        found = self.file.read_text("utf-8").splitlines() if self.file.exists() else []
        self.file.unlink(missing_ok=True)
        return [json.loads(line) for line in found]


@pytest.fixture
def outside(bare_box: Box, tmp_path: Path) -> Iterator[Outside]:
    """The servers in the network outside of the box, which trusts their certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    both = tmp_path / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=outside.test"
    san = f"subjectAltName=DNS:outside.test,IP:{post_office.ADDRESS}"
    argv = ["openssl", *words.split(), "-addext", san, "-keyout", both, "-out", tmp_path / "ca.pem"]
    subprocess.run(argv, check=True, capture_output=True)
    both.write_text(both.read_text() + (tmp_path / "ca.pem").read_text())
    bare_box.run(["mkdir", "-p", "/etc/doctor", "/etc/cron.d", "/srv"])
    bare_box.write("/etc/doctor/ca.pem", (tmp_path / "ca.pem").read_text())
    bare_box.write("/etc/doctor/hook.key", f"{KEY}\n", mode=0o600)
    bare_box.write("/etc/doctor/proxy", f"http://me:{KEY}@{post_office.ADDRESS}:3128\n", mode=0o600)
    argv = ["nsenter", "-t", str(bare_box.outside_pid), "-n", sys.executable, "-m", "tests.live.commands.post_office"]
    with subprocess.Popen(
        [*argv, tmp_path / "arrived", both], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True
    ) as servers:
        assert servers.stdout is not None
        assert servers.stdout.readline() == "ready\n"
        with tinyproxy(bare_box, tmp_path):
            yield Outside(tmp_path / "arrived")
        servers.kill()


@contextmanager
def tinyproxy(box: Box, place: Path) -> Iterator[None]:
    """A proxy that wants a login, and writes down its tunnels."""
    if shutil.which("tinyproxy") is None:
        pytest.skip("there is no tinyproxy on this machine")
    config, log = place / "tinyproxy.conf", place / "tinyproxy.log"
    lines = ("Port 3128", f"Listen {post_office.ADDRESS}", "Timeout 20", "LogLevel Connect", f"BasicAuth me {KEY}")
    config.write_text("\n".join((*lines, f"ConnectPort {post_office.HTTPS}", "")))
    argv = ["nsenter", "-t", str(box.outside_pid), "-n", "tinyproxy", "-d", "-c", str(config)]
    with log.open("wb") as said, subprocess.Popen(argv, stdout=said, stderr=said) as running:
        end = time.monotonic() + 10
        while not box.outside(["ss", "-Hltn", "sport = :3128"]).stdout and time.monotonic() < end:
            time.sleep(0.02)
        yield
        running.kill()
    assert f"CONNECT {post_office.ADDRESS}:{post_office.HTTPS}" in log.read_text()


def content(arrived: dict[str, Any]) -> str:
    """The text of what arrived, by web or by mail."""
    if "body" in arrived:
        return str(arrived["body"])
    message: Any = email.message_from_string(arrived["mail"], policy=policy.default)
    return str(message.get_content())


def scan(box: Box) -> Any:
    """Scan as cron does it, without test containers."""
    return box.doctor("scan", "--scheduled")


def test_news_reach_everybody_once_and_failures_lose_nothing(bare_box: Box, outside: Outside) -> None:
    """The first scan has news; ill servers get theirs when they are well again; nothing is sent twice; a full disk silences nothing."""
    box = bare_box
    box.write("/etc/doctor/doctor.toml", SETTINGS + ILL_SETTINGS)
    done = box.doctor("schedule", "install")
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + box.read("/etc/cron.d/doctor")

    # The first scan: the engine is down.
    first = scan(box)
    assert first.returncode == 1
    assert first.stdout == ""
    notes = [line for line in first.stderr.splitlines() if " failed: " in line]
    assert len(notes) == FAILING, first.stderr
    for says in (
        r"/… to dead@example\.com failed: .*550",
        r"answers 500 \(3 attempts\)",
        r"redirects to 127\.0\.0\.1, which is not followed",
        # Where doctor has no TLS of its own, curl sends the mail.
        r"451 .*greylisted, try again later \(3 attempts\)|MAIL failed: 451 \(3 attempts\)",
        "no answer within|Operation timed out",
        r"closed the connection \(3 attempts\)|response reading failed",
    ):
        assert any(re.search(says, line) for line in notes), (says, "\n".join(notes))
    assert all(re.search(r"it is kept for the next scan: \S+: \d+ new \(worst: ", line) for line in notes)
    assert box.exists("/var/lib/doctor/report.html")
    arrived = outside.arrived()
    by_place = {(one["port"], one.get("path")): one for one in arrived}
    https = {(post_office.HTTPS, "/token"), (post_office.HTTPS, "/proxied")}
    assert by_place.keys() == {(post_office.HTTP, "/hook"), *https, (post_office.MAIL, None)}
    assert len(arrived) == 5
    hook = by_place[post_office.HTTP, "/hook"]
    signed = hmac.new(KEY.encode(), hook["body"].encode(), hashlib.sha256).hexdigest()
    assert hook["headers"]["x-doctor-signature-256"] == f"sha256={signed}"
    assert by_place[post_office.HTTPS, "/token"]["headers"]["authorization"] == f"Bearer {KEY}"
    news = json.loads(hook["body"])["news"]
    assert ("new", "engine/down") in [(one["change"], one["check"]) for one in news]
    mail = by_place[post_office.MAIL, None]
    assert (mail["sender"], mail["tls"]) == ("doctor@example.com", True)
    assert sorted(to for one in arrived for to in one.get("to", ())) == ["b@example.com", "ops@example.com"]
    assert "the engine does not run" in content(mail)
    for place in ("/srv/doctor.prom", "/srv/all.prom"):
        assert "doctor_scan_expected_by_timestamp_seconds 1" in box.read(place)
    assert f"doctor_notifications_failing {FAILING}\n" in box.read("/srv/doctor.prom")
    assert "PROCESS_SERVICE_CHECK_RESULT;box;doctor;2;CONTAINERS CRITICAL" in box.read("/srv/nagios")
    status = box.doctor("schedule", "status")
    assert status.returncode == 3
    assert re.search(r"(?m)^last scan: 20.*, exit code 1$", status.stdout)
    assert status.stdout.count(": failed 20") == FAILING
    assert status.stdout.count("kept for the next scan: ") == FAILING

    # The same news fail once more: cron has mailed the lines already.
    again = scan(box)
    assert (again.returncode, again.stdout, again.stderr) == (1, "", "")
    assert outside.arrived() == []
    assert box.doctor("schedule", "status").stdout.count(", 2 times in a row: ") == FAILING

    # All are well: what was kept arrives, the others have no news.
    outside.heal()
    second = scan(box)
    assert (second.returncode, second.stdout, second.stderr) == (1, "", "")
    arrived = outside.arrived()
    assert len(arrived) == FAILING
    assert [one for one in arrived if "engine/down" not in content(one)] == []
    assert box.doctor("schedule", "status").returncode == 0
    assert "doctor_notifications_failing 0\n" in box.read("/srv/doctor.prom")

    # A test, marked as one.
    box.write("/etc/doctor/doctor.toml", SETTINGS)
    tried = box.doctor("schedule", "test-notify")
    assert tried.returncode == 0, tried.stdout
    tests = [json.loads(one["body"])["test"] for one in outside.arrived() if "body" in one]
    assert tests == [True, True, True]

    # No space for doctor's own files: the news says so, and the scan has its result.
    box.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0710", "full", "/var/lib/doctor"])
    box.run(["sh", "-c", "cat /dev/zero > /var/lib/doctor/greedy"], check=False)
    full = scan(box)
    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    bodies = [json.loads(one["body"]) for one in outside.arrived() if "body" in one]
    assert len(bodies) == 3
    assert [one["notes"] for one in bodies if not any("No space left" in note for note in one["notes"])] == []
    assert any(one["check"] == "engine/down" for one in bodies[0]["news"])
    box.run(["umount", "/var/lib/doctor"])

    # The list of recipients is root's alone, and goes with the schedule.
    assert box.doctor("schedule", "install", "--notify", "nagios:/srv/nagios").returncode == 0
    assert box.run(["stat", "-c", "%a", "/etc/doctor/notify.toml"]).stdout == "600\n"
    assert box.doctor("schedule", "remove").returncode == 0
    assert not box.exists("/etc/doctor/notify.toml")
    assert not box.exists("/etc/cron.d/doctor")
