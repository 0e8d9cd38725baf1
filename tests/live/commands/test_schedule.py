"""A schedule really runs: by systemd's timer, and as cron would start it, with no terminal and a bare environment."""

import json
import re

import pytest

from tests.hosts.box import Box
from tests.hosts.systemd import SystemdHost

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STATE = "/var/lib/doctor"


def _kept(box: Box) -> int:
    done = box.doctor("report", "--list")
    return sum(1 for line in done.stdout.splitlines() if re.match(r"\s*\d+  \d{4}-", line))


def test_cron_keeps_history_and_the_page(box: Box) -> None:
    """The entry is run as cron does it; a broken host is mailed, a healthy one is not."""
    box.run(["mkdir", "-p", "/etc/cron.d", "/srv/metrics", "/etc/doctor"])
    box.write("/etc/doctor/doctor.toml", '[report]\nprometheus = "/srv/metrics/doctor.prom"\n')
    done = box.doctor("schedule", "install")
    assert done.returncode == 0, done.stderr
    entry = box.read("/etc/cron.d/doctor")
    assert entry in re.sub(r"(?m)^    ", "", done.stdout)
    *settings, line = [row for row in entry.splitlines() if not row.startswith("#")]
    fields = line.split(" ", 6)
    assert fields[5] == "root"

    def run_as_cron() -> tuple[int, str]:
        # setsid: no terminal; env -i: what crontab(5) says a job gets, and no more.
        environment = ["HOME=/root", "LOGNAME=root", *settings]
        command = ["setsid", "-w", "env", "-i", *environment, "/bin/sh", "-c", fields[6].replace("\\%", "%")]
        ran = box.run(command, check=False, timeout=120)
        return ran.returncode, ran.stdout + ran.stderr

    box.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    before = _kept(box)
    code, printed = run_as_cron()
    assert _kept(box) == before + 1
    assert bool(printed) == (code != 0), printed
    box.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"])
    code, printed = run_as_cron()
    assert code == 1
    assert "network/ip-forward-off" in printed
    assert "\x1b" not in printed
    assert "network/ip-forward-off" in box.read(f"{STATE}/report.html")
    metrics = box.read("/srv/metrics/doctor.prom")
    assert 'doctor_finding{check="network/ip-forward-off",severity="critical"' in metrics
    assert box.run(["stat", "-c", "%a", f"{STATE}/history.db"]).stdout == "600\n"

    assert box.doctor("schedule", "remove").returncode == 0
    assert not box.exists("/etc/cron.d/doctor")
    assert box.exists(f"{STATE}/history.db")


def test_a_timer_scans_and_goes_without_a_trace(systemd_host: SystemdHost) -> None:
    """The hardened service sees the host as a scan by hand does; install twice is install once; remove leaves nothing."""
    host = systemd_host
    before = host.run(["find", "/etc", "/var/lib/systemd", "-newermt", "1 minute ago", "-name", "*doctor*"]).stdout
    assert before == ""
    first = host.doctor("schedule", "install", "--notify", "journal")
    assert first.returncode == 0, first.stderr
    assert "journal" not in host.read("/etc/systemd/system/doctor-scan.service")
    again = host.doctor("schedule", "install")
    assert "is up to date" in again.stdout
    assert host.run(["systemctl", "is-enabled", "doctor-scan.timer"]).stdout == "enabled\n"
    assert host.run(["systemctl", "is-active", "doctor-scan.timer"]).stdout == "active\n"
    assert "timer active, next" in host.doctor("schedule", "status").stdout

    # Twice: the first one takes the metadata backup, and only a scan after it can compare with it.
    for _ in range(2):
        host.run(["systemctl", "start", "doctor-scan.service"], timeout=120)
        assert host.run(["systemctl", "is-failed", "doctor-scan.service"], check=False).stdout == "inactive\n"
    assert host.exists(f"{STATE}/report.html")
    assert _kept(host) == 2
    _check_journal(host)
    by_timer = _outcomes(host.doctor("report", "-f", "json", "-o", "-").stdout)
    by_hand = _outcomes(host.doctor("scan", "--format", "json").stdout)
    assert by_timer == by_hand

    host.reboot()
    assert host.run(["systemctl", "is-active", "doctor-scan.timer"]).stdout == "active\n"
    removed = host.doctor("schedule", "remove")
    assert removed.returncode == 0, removed.stderr
    left = host.run(["find", "/etc", "/run/systemd", "/var/lib/systemd", "-name", "*doctor-scan*"]).stdout
    assert left == ""
    assert "doctor-scan" not in host.run(["systemctl", "list-units", "--all", "--no-pager"]).stdout
    assert host.exists(f"{STATE}/history.db")


def _check_journal(host: SystemdHost) -> None:
    """Each problem is in the journal once, after two scans, with its priority; a test is marked as one."""
    assert "sent a test to journal" in host.doctor("schedule", "test-notify").stdout
    host.run(["journalctl", "--sync"])
    raw = host.run(["journalctl", "-t", "doctor", "-o", "json", "--no-pager"]).stdout
    rows = [row for row in map(json.loads, raw.splitlines()) if "DOCTOR_CHANGE" in row]
    assert [row["PRIORITY"] for row in rows if row["DOCTOR_CHANGE"] == "test"] == ["6"]
    news = [row for row in rows if row["DOCTOR_CHANGE"] == "new"]
    marks = [row["DOCTOR_FINGERPRINT"] for row in news]
    assert len(marks) == len(set(marks))
    levels = {"critical": "2", "error": "3", "warning": "4"}
    assert all(row["PRIORITY"] == levels[row["DOCTOR_SEVERITY"]] for row in news)
    report = json.loads(host.doctor("report", "-f", "json", "-o", "-").stdout)
    problems = {one["fingerprint"] for one in report["findings"] if one["severity"] != "info" and not one["waived"]}
    assert problems <= set(marks)


def _outcomes(document: str) -> dict[str, str]:
    return {row["id"]: f"{row['outcome']} {row['reason']}" for row in json.loads(document)["outcomes"]}
