"""The one file on a host with a real dockerd, where it differs from the installed command: how it starts itself, and what it names.

``scripts/onefile-test`` runs many other live tests with it as the command. All of them skip without a built file.
"""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import Completed
from tests.hosts.systemd import SystemdHost
from tests.onefile import kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

PLACE = "/usr/local/sbin/doctor"
FORWARD = "/proc/sys/net/ipv4/ip_forward"
FORMATS = ("text", "json", "html", "junit", "sarif", "prometheus", "nagios", "markdown")
OLD = [sys.executable, "-I", str(kit.CHECKOUT / "tests/onefile/old_kernel.py")]


@pytest.fixture(autouse=True)
def built() -> Path:
    """Return the built file."""
    found = kit.program()
    if found is None:
        pytest.skip("there is no one file: 'make onefile' builds it, or DOCTOR_ONEFILE names it")
    return found


def brought(box: Box, built: Path) -> None:
    """Copy the file there as scp does, with a link for the runtime."""
    shutil.copy(built, box.path(PLACE))
    box.run(["ln", "-s", PLACE, "/usr/local/sbin/doctor-runtime"])


def doctor(box: Box, *words: str, before: tuple[str, ...] = ()) -> Completed:
    """Run it as a login by ssh without a terminal does: with next to no environment."""
    return box.run(
        ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *before, PLACE, *words], check=False, timeout=120
    )


@pytest.fixture
def host(patient_box: Box, built: Path) -> Box:
    brought(patient_box, built)
    return patient_box


def test_found_repaired_proven_undone(host: Box) -> None:
    """The test containers are started from the file itself."""
    host.write(FORWARD, "0\n")
    scanned = doctor(host, "scan", "--format", "json")
    assert "network/ip-forward-off" in scanned.stdout, scanned.stderr
    fixed = doctor(host, "fix", "network", "--apply", "--yes", "--format", "json")
    assert fixed.returncode == 0, fixed.stderr
    assert host.read(FORWARD) == "1\n"
    assert '"name": "egress"' in fixed.stdout
    undone = doctor(host, "undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert host.read(FORWARD) == "0\n"


def test_every_format_and_the_page(host: Box) -> None:
    for name in FORMATS:
        done = doctor(host, "scan", "--format", name)
        assert done.stdout, (name, done.stderr)
        assert "Traceback" not in done.stderr
    assert doctor(host, "report", "-o", "/root/page.html").returncode in {0, 1}
    assert "<html" in host.read("/root/page.html")
    completed = doctor(host, "--install-completion", before=("SHELL=/bin/bash", "HOME=/root"))
    assert completed.returncode == 0, completed.stderr


def test_a_dead_engine(dead_box: Box, built: Path) -> None:
    """An image is run and everything is salvaged without dockerd."""
    brought(dead_box, built)
    ran = doctor(dead_box, "run", "--net", "none", "bb:1", "echo", "alive")
    assert ran.stdout == "alive\n", ran.stderr
    root = dead_box.run(
        ["sh", "-c", "mkdir -p /srv/r/bin && cp /bin/busybox /srv/r/bin/sh && echo /srv/r"]
    ).stdout.strip()
    linked = dead_box.run(
        ["/usr/local/sbin/doctor-runtime", "run", root, "--", "sh", "-c", "echo by link"], check=False
    )
    assert linked.stdout == "by link\n", linked.stderr
    saved = doctor(dead_box, "salvage", "--to", "/root/out", "--volumes")
    assert saved.returncode == 0, saved.stderr
    assert "bb:1" in saved.stdout


def test_what_it_installs_names_its_own_path(systemd_host: SystemdHost, built: Path) -> None:
    """The guard's drop-in and the timer's unit start the file, wherever it is."""
    host = systemd_host
    brought(host, built)
    assert doctor(host, "guard", "install").returncode == 0
    assert f"doctor-guard {PLACE}\n" in host.run(["systemctl", "cat", "docker.service"]).stdout
    host.run(["systemctl", "restart", "docker.service"], timeout=60)
    installed = doctor(host, "schedule", "install")
    assert installed.returncode == 0, installed.stderr
    assert f"ExecStart={PLACE} scan" in installed.stdout
    assert doctor(host, "schedule", "status").returncode == 0
    assert doctor(host, "schedule", "remove").returncode == 0
    assert doctor(host, "guard", "remove").returncode == 0


def test_a_plugin_from_a_directory(host: Box) -> None:
    plugins = Path(host.path("/opt/plugins"))
    shutil.copytree(kit.CHECKOUT / "tests/plugins/doctor-acme/src/doctor_acme", plugins / "doctor_acme")
    about = plugins / "doctor_acme-1.2.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: doctor-acme\nVersion: 1.2.0\n")
    (about / "entry_points.txt").write_text("[doctor]\nacme = doctor_acme\n")
    host.run(["mkdir", "-p", "/etc/doctor"])
    host.write("/etc/doctor/doctor.toml", '[plugins]\nallow = ["doctor-acme"]\ndirectories = ["/opt/plugins"]\n')
    host.write("/etc/acme-note", "")
    found = doctor(host, "scan", "--select", "acme:disk", "--format", "json")
    assert [one["id"] for one in json.loads(found.stdout)["findings"]] == ["acme:disk/note-empty"], found.stderr
    (about / "RECORD").write_text("doctor_acme/fast.so,,\n")
    Path(host.path("/opt/plugins/doctor_acme/fast.so")).touch()
    assert "is compiled: the one file loads plugins of pure Python only" in " ".join(
        doctor(host, "list").stdout.split()
    )


@pytest.mark.skipif(kit.MACHINE != "x86_64", reason="the numbers are those of x86-64")
def test_under_system_calls_of_linux_3_10(host: Box) -> None:
    """Scan, probes and the runtime do without every later system call. The probe ``start`` runs the host's runc as well, which needs some."""
    for words, codes in (
        (("scan", "--format", "json"), {0, 1}),
        (("list",), {0}),
        (("probe", "storage", "egress", "limits"), {0}),
    ):
        done = doctor(host, *words, before=tuple(OLD))
        assert done.returncode in codes, (words, done.stdout[-1500:], done.stderr)
        assert "Function not implemented" not in done.stdout + done.stderr
    host.run(["sh", "-c", "mkdir -p /srv/r/bin && cp /bin/busybox /srv/r/bin/sh"])
    ran = host.run([*OLD, "/usr/local/sbin/doctor-runtime", "run", "/srv/r", "--", "sh", "-c", "echo old"], check=False)
    assert ran.stdout == "old\n", ran.stderr
