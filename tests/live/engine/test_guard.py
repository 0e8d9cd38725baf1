"""The guard before a real docker.service: what it stops, what it lets pass, and that it never stops a start by a failure."""

import json
import re

import pytest

from tests.hosts.box import Box
from tests.hosts.systemd import SystemdHost

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DROP_IN = "/etc/systemd/system/docker.service.d/50-doctor-guard.conf"
ASIDE = "/var/lib/doctor/aside"


@pytest.fixture
def guarded(systemd_host: SystemdHost) -> SystemdHost:
    """A host with a running engine whose next start is guarded."""
    done = systemd_host.doctor("guard", "install")
    assert done.returncode == 0, done.stderr
    return systemd_host


def start(host: SystemdHost) -> bool:
    """Start the engine; whether it runs then."""
    host.run(["systemctl", "reset-failed", "docker.service", "docker.socket"], check=False)
    return host.run(["systemctl", "start", "docker.service"], check=False, timeout=60).returncode == 0


def said(host: SystemdHost) -> list[str]:
    """Return doctor's messages in the journal of this boot."""
    return [line for line in host.journal("docker").splitlines() if line.startswith("doctor: ")]


def test_an_ordinary_start_passes_and_is_backed_up(guarded: SystemdHost) -> None:
    """It costs little; install twice is install once; it holds over a reboot; remove leaves nothing."""
    host = guarded
    shown = host.doctor("guard", "install")
    assert "is up to date" in shown.stdout
    assert host.doctor("guard", "status").stdout == f"{DROP_IN}\nactive\n"
    assert host.run(["systemd-analyze", "verify", "docker.service"], check=False).stderr.count(DROP_IN) == 0
    host.load_images()
    host.docker("run", "-d", "--name", "web", "--network", "none", "bb:1", "sleep", "1000")
    host.stop_dockerd()
    assert start(host)
    assert said(host) == []
    kept = host.run(["sh", "-c", "ls /var/lib/doctor/metadata/*.json"]).stdout
    assert re.search(r"/\d{8}-20\d+T\d+Z\.json", kept)
    host.reboot()
    assert host.run(["systemctl", "is-active", "docker"]).stdout == "active\n"
    spent = host.run(["bash", "-c", f"{host.doctor_path} guard; times"]).stdout.splitlines()[1]
    user, system = (float(seconds) for seconds in re.findall(r"0m([\d.]+)s", spent))
    print(f"doctor guard: {user + system:.3f} s of CPU")
    assert user + system < 0.25  # 0.1 on a machine with nothing else to do

    removed = host.doctor("guard", "remove")
    assert removed.returncode == 0, removed.stderr
    assert host.run(["find", "/etc", "/run/systemd", "-name", "*doctor*"]).stdout == ""
    assert not host.exists("/etc/systemd/system/docker.service.d")
    assert "doctor" not in host.run(["systemctl", "cat", "docker.service"]).stdout
    assert host.doctor("guard", "status").stdout.startswith("not installed")
    assert "the guard is not installed" in host.doctor("guard", "remove").stdout


def test_a_start_that_deletes_a_container_is_stopped(guarded: SystemdHost) -> None:
    """After the power cut the boot brings no engine up; the journal says why; the repair keeps the container and starts it."""
    host = guarded
    host.load_images()
    script = "echo hours-of-work >/result; sync; sleep 1000"
    host.docker("run", "-d", "--rm", "--name", "job", "--network", "none", "bb:1", "sh", "-c", script)
    host.run(["sh", "-c", "until docker exec job test -s /result; do sleep 0.1; done"])
    host.power_loss()
    assert host.run(["systemctl", "is-active", "docker.service"], check=False).stdout != "active\n"
    assert any(
        "container job was run with --rm: the next start of the engine deletes it" in line for line in said(host)
    )
    assert any("fix --apply' applies it" in line for line in said(host))
    errors = host.run(["journalctl", "-b", "-u", "docker", "-p", "err", "-o", "cat", "--no-pager"]).stdout
    assert "container job was run with --rm" in errors
    assert host.doctor("guard").returncode == 10

    done = host.doctor("fix", "--apply", "--yes", "--allow", "disruptive")
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    # systemd itself tries again after each start that was stopped, until it gives up; then the plan starts the engine.
    assert start(host), done.stdout
    assert host.docker("ps", "-a", "--format", "{{.Names}} {{.State}}") == "job exited"
    assert host.run(["sh", "-c", "docker cp job:/result - | tar -xOf -"]).stdout == "hours-of-work\n"


def test_what_a_start_erases_is_copied_and_the_start_continues(guarded: SystemdHost) -> None:
    """A volume's directory and the swarm's certificate are gone: two copies, one start, and the engine has erased both."""
    host = guarded
    host.docker("volume", "create", "--label", "keep=yes", "data")
    host.docker("swarm", "init", "--advertise-addr", "198.51.100.1")
    host.docker("config", "create", "kept", "-", input="value")
    host.stop_dockerd()
    host.run(["mv", "/var/lib/docker/volumes/data", "/var/lib/docker/swarm/certificates/swarm-node.crt", "/root"])
    before = host.run(["sh", "-c", "cd /var/lib/docker/swarm && find . -type f | sort"]).stdout
    assert start(host)
    assert [line for line in said(host) if "a copy is in /var/lib/doctor/aside/before-start-" in line]
    assert host.docker("info", "-f", "{{.Swarm.LocalNodeState}}") == "inactive"
    kept = host.run(["sh", "-c", f"cd {ASIDE}/*/swarm && find . -type f | sort"]).stdout
    assert kept == before
    assert (
        '"keep":"yes"'
        in host.run(
            ["sh", "-c", f"strings -a {ASIDE}/*/volumes/metadata.db || cat {ASIDE}/*/volumes/metadata.db"]
        ).stdout
    )
    assert host.run(["stat", "-c", "%a", ASIDE]).stdout == "700\n"


def test_a_list_of_images_that_is_gone_stops_the_start(guarded: SystemdHost) -> None:
    """The containerd image store: the engine would delete every content at its next clean-up. A waiver lets it start."""
    host = guarded
    host.stop_dockerd()
    top = "/var/lib/docker/containerd/daemon"
    host.run(["mkdir", "-p", f"{top}/io.containerd.content.v1.content/blobs/sha256/{'0' * 64}"])
    host.run(["rm", "-f", f"{top}/io.containerd.metadata.v1.bolt/meta.db"])
    assert not start(host)
    assert any("containerd's database lists no image" in line for line in said(host))
    assert any(line.startswith("doctor: to resolve it: start neither the engine nor containerd") for line in said(host))
    waiver = '[[waiver]]\nid = "state/containerd-store-db-lost"\nreason = "nothing of it is wanted"\n'
    host.write("/etc/doctor/doctor.toml", waiver)
    assert start(host)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("\x7fELF garbage", id="garbage"),
        pytest.param("#!/nowhere/python3\n", id="python-gone"),
        pytest.param("#!/bin/sh\nexit 1\n", id="fails"),
        pytest.param("#!/bin/sh\nkill -9 $$\n", id="killed"),
        pytest.param("#!/usr/bin/python3\nimport doctor.cli.entry_that_is_gone\n", id="module-gone"),
        pytest.param("", id="absent"),
    ],
)
def test_a_broken_doctor_stops_no_start(systemd_host: SystemdHost, broken: str) -> None:
    """The same drop-in, and in its place of doctor what an upgrade or a full disk may leave."""
    host = systemd_host
    assert host.doctor("guard", "install").returncode == 0
    place = "/usr/local/bin/doctor"
    host.write(DROP_IN, host.read(DROP_IN).replace(host.doctor_path, place))
    host.run(["systemctl", "daemon-reload"])
    host.stop_dockerd()
    host.write(place, "#!/bin/sh\nexit 10\n", mode=0o755)
    assert not start(host)  # what is there is asked
    if broken:
        host.write(place, broken, mode=0o755)
    else:
        host.run(["rm", place])
    assert start(host), host.journal("docker")


def test_unreadable_settings_and_a_file_in_the_way_stop_no_start(guarded: SystemdHost) -> None:
    """The guard continues with the defaults, or without a backup, and says so."""
    host = guarded
    host.stop_dockerd()
    host.write("/etc/doctor/doctor.toml", "nonsense = [")
    host.run(["sh", "-c", "rm -rf /var/lib/doctor/* && touch /var/lib/doctor/metadata"])
    assert start(host), host.journal("docker")
    assert any("using default settings" in line for line in said(host))


def test_without_systemd_it_says_what_to_do(box: Box) -> None:
    """An init script is somebody else's file."""
    done = box.doctor("guard", "install")
    assert done.returncode != 0
    assert re.search(r"call '\S*doctor guard' before dockerd in the init script", done.stderr)
    assert box.doctor("guard").returncode == 0
    assert json.loads(box.doctor("scan", "--format", "json").stdout)["kind"] == "scan"
