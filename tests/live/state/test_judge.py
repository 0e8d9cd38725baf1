"""The judge: two looks at a healthy patient agree, and each kind of loss is seen."""

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box

pytestmark = pytest.mark.live


def test_a_power_loss_alone_changes_no_opinion(patient_box: Box) -> None:
    """The reference of every repair test: nothing of it depends on the time or on a restart."""
    before = judge.opinion(patient_box)
    assert before.images.keys() >= {"bb:1", "leg:1", "app:latest", "com:1"}
    assert before.markers == {"anon": "anon", "job": "job", "made": "", "plain": "plain", "talk": "talk", "web": "web"}
    assert before.ports == {"8080": "hello", "8081": "com"}
    assert set(before.egress.values()) == {"198.51.100.1"}
    assert set(before.dns.values()) == {"198.51.100.2"}
    assert not any(text.startswith("failed: ") for text in [*before.contents.values(), *before.saves.values()])
    patient_box.power_loss(network=True)
    patient_box.start_dockerd()
    assert judge.differences(before, judge.opinion(patient_box)) == []


def test_altered_bytes_are_seen(patient_box: Box) -> None:
    """A changed file of a layer, of a volume, and a lost label, each in its own field."""
    contents, volumes = judge.contents(patient_box), judge.volumes(patient_box)
    patient_box.power_loss()
    for target in patient_box.path("/var/lib/docker/overlay2").glob("*/diff/t/dir/new"):
        target.write_text("tampered\n")
    patient_box.write("/var/lib/docker/volumes/data/_data/file", "other\n")
    faults.inject(patient_box, "state/volume-db-empty")
    faults.inject(patient_box, "state/volume-opts-missing")
    patient_box.start_dockerd()
    now = judge.contents(patient_box)
    assert now["bb:1"] == contents["bb:1"]
    assert now["app:latest"] != contents["app:latest"]
    after = judge.volumes(patient_box)
    assert after["data"] != volumes["data"]
    assert after["scratch"] != volumes["scratch"]
