"""Problems that stop the engine's start and that only the user can resolve: the rest is repaired, and the engine waits."""

import json

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

SWARM = "/var/lib/docker/swarm"
GONE = "state/overlay2-links-gone"


def test_the_rest_is_repaired_and_the_engine_waits(patient_box: Box) -> None:
    """Links of every layer are gone, which doctor repairs, and the state of a swarm is corrupt, which stops the start."""
    box = patient_box
    names = judge.images(box)
    box.power_loss()
    faults.inject(box, GONE)
    box.write(f"{SWARM}/certificates/swarm-node.crt", "not here")
    box.write(f"{SWARM}/docker-state.json", '{"LocalAddr')
    done = kit.repair(box, "--format", "json", code=1)
    report = json.loads(done.stdout)
    found = {one["fingerprint"]: one for one in report["findings"]}
    left = {one["id"]: one for one in report["manual"]}
    assert "the engine is not started" in left["engine/down"]["why"]
    assert "docker-state.json of the swarm node is corrupt" in left["engine/down"]["why"]
    assert "'doctor fix --apply' again" in left["engine/down"]["advice"]
    assert not report["rolled_back"]
    assert {action["result"] for action in report["actions"]} == {"done"}
    assert box.pids("dockerd") == []
    proofs = {probe["name"]: probe["outcome"] for probe in report["probes"]}
    assert proofs["data-root"] == "pass"
    assert proofs["image"] == "pass"
    remaining = {found[one]["id"]: found[one] for one in report["remaining"]}
    assert "state/overlay2-link-broken" not in remaining
    assert remaining["state/swarm-state-corrupt"]["fingerprint"] in remaining["engine/down"]["causes"]

    # A person decides; what doctor had said comes true.
    box.run(["mv", SWARM, "/root/swarm"])
    kit.repair(box)
    assert judge.images(box) == names
    assert kit.ids(box) == set()


def test_a_start_that_dockerd_refuses_is_what_the_plan_foresaw(patient_box: Box) -> None:
    """The judge of "it would not start" is dockerd: started by hand, it ends."""
    box = patient_box
    box.power_loss()
    box.write(f"{SWARM}/certificates/swarm-node.crt", "not here")
    box.write(f"{SWARM}/docker-state.json", '{"LocalAddr')
    assert not [one for one in kit.planned(box, "--allow", "disruptive") if one.startswith("start")]
    box.start_dockerd(wait=False)
    assert "Error starting cluster component" in _last_words(box)


def _last_words(box: Box) -> str:
    """Return dockerd's output until it has ended."""
    box.run(["sh", "-c", "for i in $(seq 150); do pidof dockerd >/dev/null || break; sleep 0.1; done"])
    assert box.pids("dockerd") == []
    return box.log()
