"""Each fault really breaks a host: dockerd and real traffic say so, and the same seed breaks the same thing."""

from collections.abc import Iterator

import pytest

from tests.hosts import faults, judge, network_faults, state_faults
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import SandboxError

pytestmark = pytest.mark.live

REFUSED = {
    "state/repositories-torn": "Couldn't create reference store repository",
    "state/volume-opts-torn": "unexpected EOF|unexpected end of JSON|invalid character",
    "state/network-db-garbage": "invalid database",
    "state/buildkit-db-garbage": "invalid database",
    "state/containerd-db-garbage": "invalid database",
    "state/pidfile-foreign": "process with PID|pid file",
    "state/socket-directory": "docker.sock",
    "state/drivers-several": "several valid graphdrivers",
    "config/daemon-json-syntax": "unable to configure the Docker daemon",
    "config/storage-driver-removed": "devicemapper",
    "config/storage-driver-unsupported": "zfs",
    "config/override-kernel-check": "override_kernel_check",
    "config/graph": "graph",
    "config/log-opts-number": "max-size|log-opts|cannot unmarshal",
    "config/log-opts-unknown": "unknown log opt",
    "config/unknown-key": "storage_driver",
    "config/flag-and-file": "specified both as a flag and in the configuration file",
}
"""Fault → what dockerd 26 says when it refuses to start."""


@pytest.fixture
def dead_patient(can_box: None) -> Iterator[Box]:
    """The patient before its dockerd starts."""
    with Box(data_root=patient()) as made:
        yield made


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_dockerd_refuses_to_start(dead_patient: Box, name: str) -> None:
    faults.inject(dead_patient, name, seed=1)
    with pytest.raises(SandboxError, match=REFUSED[name]):
        dead_patient.start_dockerd(settings=name == "config/flag-and-file")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("state/repositories-missing", "images"),
        ("state/layer-cache-id-empty", "images"),
        ("state/container-lower-gone", "markers"),
        ("state/overlay2-work-gone", "markers"),
        ("state/container-config-torn", "containers"),
        ("state/hostconfig-empty", "containers"),
        ("state/tar-split-torn", "saves"),
    ],
)
def test_dockerd_starts_but_something_is_gone(dead_patient: Box, name: str, field: str) -> None:
    """The dangerous kind: everything looks merely shorter."""
    look = getattr(judge, field)
    dead_patient.start_dockerd()
    before = look(dead_patient)
    dead_patient.power_loss()
    faults.inject(dead_patient, name, seed=1)
    dead_patient.start_dockerd()
    assert look(dead_patient) != before


@pytest.mark.parametrize(
    "name",
    [
        "forward/runtime-off",
        "firewall/nat-flushed",
        "firewall/masquerade-gone",
        "firewall/forward-drop-first",
        "firewall/nft-drop",
    ],
)
def test_a_container_reaches_nothing_outside(patient_box: Box, name: str) -> None:
    """The addresses that outside sees the containers come from; at least one gets no answer."""
    before = judge.egress(patient_box)
    assert set(before.values()) == {"198.51.100.1"}
    faults.inject(patient_box, name, seed=1)
    assert any(seen.startswith("failed: ") for seen in judge.egress(patient_box).values())


def test_journald_of_the_sysconfig_file_cannot_be_read(dead_patient: Box) -> None:
    """No journal runs in the box: a new container can't even log."""
    faults.inject(dead_patient, "logging/sysconfig-journald")
    dead_patient.start_dockerd(settings=True)
    assert dead_patient.docker("info", "-f", "{{.LoggingDriver}}") == "journald"
    done = dead_patient.run(["docker", "run", "--name", "new", "bb:1", "echo", "x"], check=False)
    read = dead_patient.run(["docker", "logs", "new"], check=False)
    assert (done.returncode, read.stdout) != (0, "x\n")


def test_every_damage_changes_the_file_and_repeats(dead_patient: Box) -> None:
    """Each family has files in the patient, each damage changes one, and the seed alone decides how."""
    for family in state_faults.FAMILIES:
        found = state_faults.files(dead_patient, family)
        if not found and family in {"buildkit-db", "container-log"}:
            continue
        whole = {path: path.read_bytes() for path in found}
        assert whole, family
        for how in state_faults.DAMAGES:
            said = []
            for _ in range(2):
                said.append(faults.inject(dead_patient, f"state/{family}-{how}", seed=5))
                changed = [path for path in whole if not path.exists() or path.read_bytes() != whole[path]]
                assert len(changed) == 1, f"{family} {how}"
                for path in changed:
                    path.write_bytes(whole[path])
            assert said[0] == said[1]


def test_user_rules_break_nothing(patient_box: Box) -> None:
    before = judge.ports(patient_box), judge.egress(patient_box)
    faults.inject(patient_box, "firewall/user-rules")
    assert (judge.ports(patient_box), judge.egress(patient_box)) == before
    assert any("ours" in rule for rule in network_faults.rules(patient_box, "filter"))
