"""Settings that a real dockerd refuses: doctor names what dockerd says, repairs it, and the engine is up again."""

import json

import pytest

from tests.hosts.box import Box

pytestmark = pytest.mark.live

DAEMON_JSON = "/etc/docker/daemon.json"
DEFAULT = "/etc/default/docker"
AREAS = ("config", "engine", "storage", "logging")
REFUSED = {
    "invalid-json": ('{\n  "debug": false,\n  "labels": ["rack=4"],\n}\n', "config/invalid-json", "invalid character"),
    "unknown-key": ('{"log_driver": "json-file"}\n', "config/unknown-key", "don't match any configuration option"),
    "removed-key": (
        '{\n    "graph": "/var/lib/docker"\n}\n',
        "config/removed-key",
        "don't match any configuration option",
    ),
    "too-new": ('{"firewall-backend": "iptables"}\n', "config/unknown-key", "don't match any configuration option"),
    "wrong-type": ('{"debug": "false"}\n', "config/wrong-type", "cannot unmarshal string"),
    "log-opts-number": ('{"log-opts": {"max-file": 3, "max-size": "10m"}}\n', "config/wrong-type", "cannot unmarshal"),
    "override-kernel-check": (
        '{"storage-opts": ["overlay2.override_kernel_check=true"]}\n',
        "config/removed-storage-opt",
        "unknown option overlay2.override_kernel_check",
    ),
    "foreign-option": ('{"storage-opts": ["dm.basesize=20G"]}\n', "storage/option-foreign", "unknown option"),
    "unknown-log-opt": ('{"log-opts": {"max-filesize": "1m"}}\n', "logging/unknown-option", "unknown log opt"),
}
BLOCKED = {
    "bip": ('{"bip": "172.17.0.0"}\n', "config/invalid-value", "invalid CIDR"),
    "runtime": ('{"default-runtime": "nvidia"}\n', "config/invalid-value", "default runtime"),
    "sandbox": ('{"default-runtime": "runsc"}\n', "config/invalid-value", "default runtime"),
    "group": ('{"group": "dockerx"}\n', "config/invalid-value", "dockerx"),
    "icc": ('{"icc": false, "iptables": false}\n', "config/invalid-value", "--icc=false"),
    "label": ('{"labels": ["rack"]}\n', "config/invalid-value", "bad attribute format"),
    "pools": (
        '{"default-address-pools": [{"base": "10.1.0.0/24", "size": 16}]}\n',
        "config/invalid-value",
        "invalid pools size",
    ),
    "gateway": (
        '{"bip": "10.9.0.1/24", "default-gateway": "10.10.0.1"}\n',
        "config/invalid-value",
        "must belong to the master pool",
    ),
    "seccomp": ('{"seccomp-profile": "/etc/docker/none.json"}\n', "config/invalid-value", "seccomp profile"),
}


def findings(box: Box) -> dict[str, dict[str, object]]:
    """Id → finding of what a scan says, what is only worth knowing left out."""
    done = box.doctor("scan", "--select", ",".join(AREAS), "--format", "json")
    found = json.loads(done.stdout)["findings"]
    return {finding["id"]: finding for finding in found if finding["severity"] != "info"}


def start_fails(box: Box, words: str) -> None:
    """Start the engine by its init script and see it end, with these words in its log."""
    box.start_dockerd(settings=True, wait=False)
    box.run(["sh", "-c", "for i in $(seq 150); do pidof dockerd >/dev/null || exit 0; sleep 0.1; done; exit 1"])
    assert words in box.log()


@pytest.mark.parametrize("name", REFUSED)
def test_what_dockerd_refuses_is_repaired_and_the_engine_comes_up(bare_box: Box, name: str) -> None:
    """One finding explains that the engine is down; the plan repairs the file and starts the engine; undo restores all."""
    box = bare_box
    content, identity, words = REFUSED[name]
    box.write(DAEMON_JSON, content)
    start_fails(box, words)
    before = findings(box)
    assert before[identity]["severity"] == "critical"
    assert before[identity]["fingerprint"] in before["engine/down"]["causes"]

    fix = box.doctor("fix", *AREAS, "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert box.engine_answers()
    assert findings(box) == {}

    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert box.read(DAEMON_JSON) == content
    assert not box.engine_answers()


@pytest.mark.parametrize("name", BLOCKED)
def test_what_only_a_person_can_decide_is_named_and_left_alone(bare_box: Box, name: str) -> None:
    """A value that dockerd refuses: doctor says why, changes nothing and does not start the engine in vain."""
    box = bare_box
    content, identity, words = BLOCKED[name]
    box.write(DAEMON_JSON, content)
    start_fails(box, words)
    assert findings(box)[identity]["severity"] == "critical"
    fix = box.doctor("fix", *AREAS, "--apply", "--yes", "--format", "json")
    assert fix.returncode == 1, fix.stdout + fix.stderr
    assert box.read(DAEMON_JSON) == content
    assert not box.engine_answers()


SLIPS = {
    "mirror": (
        '{"registry-mirrors": ["mirror.example"]}\n',
        "invalid mirror",
        {"registry-mirrors": ["https://mirror.example"]},
    ),
    "key": ('{"live-restor": true}\n', "don't match any configuration option", {"live-restore": True}),
    "word": ('{"icc": "yes"}\n', "cannot unmarshal", {"icc": True}),
    "bip": ('{"bip": "172.30.0.0/16"}\n', "", {"bip": "172.30.0.1/16"}),
    "size": ('{"default-shm-size": "64 Megs"}\n', "", {"default-shm-size": "64M"}),
    "ulimit": (
        '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": "20", "Hard": 10}}}\n',
        "",
        {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 10, "Hard": 10}}},
    ),
}


@pytest.mark.timeout(240)
def test_a_slip_of_the_hand_is_put_as_it_was_meant(bare_box: Box) -> None:
    """Dockerd refuses each of these; doctor sets what can only be meant, the engine starts, and undo gives back the file."""
    box = bare_box
    for name, (content, words, meant) in SLIPS.items():
        box.write(DAEMON_JSON, content)
        if words:
            start_fails(box, words)
        fix = box.doctor("fix", *AREAS, "--apply", "--yes", "--allow", "disruptive")
        assert fix.returncode == 0, f"{name}: {fix.stdout}{fix.stderr}"
        assert json.loads(box.read(DAEMON_JSON)) == meant
        assert box.engine_answers()
        box.stop_dockerd()


def test_a_flag_and_the_file(bare_box: Box) -> None:
    """The same setting in both places: the flag goes, the rest of its line stays, the engine comes up with both labels."""
    box = bare_box
    box.write(DEFAULT, 'DOCKER_OPTS="--debug --label=rack=4"\n')
    box.write(DAEMON_JSON, '{"labels": ["row=2"]}\n')
    start_fails(box, "specified both as a flag and in the configuration file")
    assert findings(box)["config/flag-file-conflict"]["severity"] == "critical"
    fix = box.doctor("fix", *AREAS, "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert box.read(DEFAULT) == 'DOCKER_OPTS="--debug"\n'
    info = json.loads(box.docker("info", "--format", "{{json .}}"))
    assert sorted(info["Labels"]) == ["rack=4", "row=2"]
    assert info["Debug"] is True


def test_a_change_that_waits_for_a_reload(box: Box) -> None:
    """daemon.json was edited under a running engine: what it takes by a reload costs no restart, and is safe."""
    box.run(["sleep", "1.1"])
    box.write(DAEMON_JSON, '{"debug": true}\n')
    assert findings(box)["config/not-applied"]["severity"] == "warning"
    before = box.pids("dockerd")
    fix = box.doctor("fix", "config", "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert box.pids("dockerd") == before
    assert json.loads(box.docker("info", "--format", "{{json .Debug}}")) is True
    assert findings(box) == {}


def test_settings_that_are_lost_are_found_again_by_their_data_root(bare_box: Box) -> None:
    """Nothing in the file can be read: doctor's backup names the data root, its images the driver, and they are back."""
    box = bare_box
    root = "/var/lib/docker/moved/root"
    box.write(DAEMON_JSON, json.dumps({"data-root": root, "storage-driver": "vfs"}))
    box.start_dockerd()
    box.run(["sh", "-c", "tar -C /bin -c busybox | docker import - kept:1"])
    box.doctor("scan")
    box.stop_dockerd()
    lost = "\0" * 64
    box.write(DAEMON_JSON, lost)

    choice = f"config/invalid-json:{DAEMON_JSON}={root}"
    plan = box.doctor("fix", "config/invalid-json")
    assert f"--choose {choice}" in plan.stdout
    fix = box.doctor("fix", "config", "engine", "--choose", choice, "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert json.loads(box.read(DAEMON_JSON)) == {"data-root": root, "storage-driver": "vfs"}
    assert "kept" in box.run(["docker", "images"]).stdout

    assert box.doctor("undo", "--yes").returncode == 0
    assert box.read(DAEMON_JSON) == lost
