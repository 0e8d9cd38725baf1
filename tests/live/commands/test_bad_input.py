"""Hostile files at every place that doctor reads: a scan ends within seconds, says what it could not read, and never crashes."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import CHECKOUT
from tests.live.commands import bad_input_kit as evil

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

PYTHON = str(CHECKOUT / ".venv/bin/python")
KIT = str(CHECKOUT / "tests/live/commands/bad_input_kit.py")
ALL = "/mnt/all"
ETC = (
    "/etc/docker/daemon.json",
    "/etc/docker/key.json",
    "/etc/default/docker",
    "/etc/sysconfig/docker",
    "/etc/init.d/docker",
    "/etc/systemd/system/docker.service",
    "/etc/systemd/system/docker.service.d",
    "/etc/systemd/system/docker.service.d/x.conf",
    "/etc/sysctl.conf",
    "/etc/sysctl.d",
    "/etc/sysctl.d/99-x.conf",
    "/etc/modprobe.d/x.conf",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/nftables.conf",
    "/etc/ufw/ufw.conf",
    "/etc/iptables/rules.v4",
    "/etc/logrotate.d/x",
    "/etc/containerd/config.toml",
    "/etc/subuid",
    "/etc/passwd",
    "/etc/group",
    "/etc/fstab",
    "/etc/os-release",
    "/etc/hostname",
    "/var/lib/dpkg/status",
    "/var/lib/kubelet/config.yaml",
    "/run/docker.pid",
    "/run/docker.sock",
    "/run/docker/containerd/containerd.pid",
)
STORE = "image/overlay2"
ROOT = (
    "overlay2",
    "overlay2/l",
    "overlay2/l/*",
    "overlay2/*-init",
    "overlay2/*/diff",
    "overlay2/*/link",
    "overlay2/*/lower",
    "overlay2/*/work",
    "image",
    STORE,
    f"{STORE}/repositories.json",
    f"{STORE}/imagedb/content/sha256",
    f"{STORE}/imagedb/content/sha256/*",
    f"{STORE}/layerdb/sha256",
    f"{STORE}/layerdb/sha256/*",
    f"{STORE}/layerdb/sha256/*/diff",
    f"{STORE}/layerdb/sha256/*/size",
    f"{STORE}/layerdb/sha256/*/cache-id",
    f"{STORE}/layerdb/sha256/*/parent",
    f"{STORE}/layerdb/sha256/*/tar-split.json.gz",
    f"{STORE}/layerdb/mounts/*",
    f"{STORE}/layerdb/mounts/*/mount-id",
    f"{STORE}/layerdb/mounts/*/init-id",
    f"{STORE}/layerdb/mounts/*/parent",
    "containers",
    "containers/*",
    "containers/*/config.v2.json",
    "containers/*/hostconfig.json",
    "containers/*/*-json.log",
    "volumes",
    "volumes/metadata.db",
    "volumes/scratch",
    "volumes/scratch/opts.json",
    "network",
    "network/files/local-kv.db",
    "engine-id",
    "buildkit/cache.db",
    "buildkit/snapshots.db",
    "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
    "swarm/state.json",
)


@pytest.fixture(scope="module")
def host(can_box: None) -> Iterator[Box]:
    """A box with the patient's data root and no dockerd; its whole tree is also mounted at /mnt/all, for --root."""
    with Box(data_root=patient()) as made:
        made.run(["sh", "-c", f"mkdir -p {ALL} && mount --rbind / {ALL}"])
        yield made


def judge(box: Box, place: str, *root: str) -> None:
    """Try every evil at a place; each scan must have ended well."""
    done = box.run([PYTHON, KIT, place, *root], check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == evil.EVILS.keys()
    bad = {name: result for name, result in found.items() if result["wrong"] or result["seconds"] > 10}
    assert not bad, json.dumps(bad, indent=1)[:4000]


@pytest.mark.parametrize("place", ETC)
def test_settings(host: Box, place: str) -> None:
    """Files of /etc, /run and /var/lib that an administrator, a package or a program owns."""
    judge(host, place)


@pytest.mark.parametrize("place", ROOT)
def test_data_root(host: Box, place: str) -> None:
    """Files of the data root, on a mounted disk (the same readers, and no command that costs time)."""
    judge(host, f"{evil.DATA}/{place}", ALL)


@pytest.mark.parametrize("name", ["fifo", "loop", "device", "huge", "names"])
def test_the_installed_command(can_box: None, name: str) -> None:
    """The same through the installed command, in one host with the evil at several places at once."""
    places = ["/etc/docker/daemon.json", "/etc/sysctl.d/99-x.conf", "/etc/default/docker", "/etc/resolv.conf"]
    script = (
        f"import os, sys; sys.path.insert(0, {str(CHECKOUT)!r}); from tests.live.commands.bad_input_kit import EVILS, find\n"
        "for place in map(find, sys.argv[1:]):\n"
        "    os.makedirs(os.path.dirname(place), exist_ok=True)\n"
        "    os.path.lexists(place) and os.rename(place, place + '.kept')\n"
        f"    EVILS[{name!r}](place)\n"
    )
    places += [f"{evil.DATA}/{STORE}/repositories.json", f"{evil.DATA}/containers/*/config.v2.json"]
    with Box(data_root=patient()) as box:
        box.run([PYTHON, "-c", script, *places])
        done = box.doctor("scan", "--format", "json", timeout=30)
        assert done.returncode in {1, 3}
        assert done.stderr == "" or "Traceback" not in done.stderr
        report = json.loads(done.stdout)
        assert any(outcome["incomplete"] for outcome in report["outcomes"])
        assert all(outcome["reason"] for outcome in report["outcomes"] if outcome["incomplete"])
        text = box.doctor("scan", "-v", timeout=30)
        assert not re.search(r"\x1b|Traceback|\.py:", text.stdout)


@pytest.mark.parametrize("name", ["directory", "fifo", "binary", "huge", "dangling"])
def test_doctors_own_files(can_box: None, name: str) -> None:
    """Its settings are a usage error that names the file; its history and state directory never cost a scan its result."""
    with Box(data_root=patient()) as box:
        make = (
            f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from tests.live.commands.bad_input_kit import EVILS; "
        )
        box.run(["mkdir", "-p", "/etc/doctor", "/tmp/state"])
        box.run([PYTHON, "-c", f"{make}EVILS[{name!r}]('/tmp/state/history.db')"])
        done = box.doctor("scan", env={"DOCTOR_STATE_DIR": "/tmp/state"})
        assert done.returncode == 1, done.stdout + done.stderr
        assert "engine/down" in done.stdout
        done = box.doctor("scan", env={"DOCTOR_STATE_DIR": "/tmp/state/history.db"})
        assert done.returncode == 1, done.stdout + done.stderr
        if name != "dangling":
            box.run([PYTHON, "-c", f"{make}EVILS[{name!r}]('/etc/doctor/doctor.toml')"])
            done = box.doctor("scan")
            assert done.returncode == 2, done.stdout + done.stderr
            assert "/etc/doctor/doctor.toml" in done.stderr
            assert "defect" not in done.stderr
