"""A repair is proven by name: the disk, its images, the engine, what it runs; and the user may choose if it is unknown."""

import json
import shutil
from typing import Any

import pytest

from tests.hosts import damage, judge, places
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

APPLY = ("fix", "--apply", "--yes", "--allow", "disruptive", "--format", "json")


def ids_of(box: Box) -> dict[str, str]:
    """Container name → id."""
    return dict(
        line.split() for line in box.docker("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
    )


def proofs(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Proof → outcome and message."""
    return {probe["name"]: (probe["outcome"], probe["message"]) for probe in report["probes"]}


def test_everything_is_asked_for_by_name(patient_box: Box) -> None:
    """After a power cut that took names, links and a mount record: disk, images before the engine, then the engine."""
    box = patient_box
    job = ids_of(box)["job"]
    box.power_loss()
    top = box.data_root
    damage.empty(top / places.STORE / "repositories.json")
    shutil.rmtree(top / places.MOUNTS / job)
    layer = next(record for record in places.records(top) if (record / "parent").exists())
    damage.empty(layer / "diff")
    done = box.doctor(*APPLY)
    report = json.loads(done.stdout)
    found = proofs(report)
    assert {name: outcome for name, (outcome, _) in found.items() if outcome != "pass"} == {}, found
    assert {"data-root", "image", "engine"} <= found.keys(), found
    assert "containers" in found["engine"][1]
    assert "2 containers that restart by themselves run" in found["engine"][1]
    told = done.stderr
    assert told.index("mounting") < told.index("] start the engine") < told.index("checking that the engine"), told
    assert set(judge.ports(box).values()) == {"hello", "com"}


def test_a_container_that_can_not_start_is_named(box: Box) -> None:
    """The source of its bind mount is missing: the root is repaired and kept, the exit code is 1, and its name is in the proof."""
    box.load_images()
    box.run(["mkdir", "/srv/needed"])
    box.docker(
        "run", "-d", "--restart", "always", "--name", "bound", "--mount", "type=bind,src=/srv/needed,dst=/needed",
        "bb:1", "sleep", "1000",
    )  # fmt: skip
    box.power_loss()
    box.run(["rmdir", "/srv/needed"])
    damage.empty(box.data_root / places.STORE / "repositories.json")
    done = box.doctor(*APPLY)
    assert done.returncode == 1, done.stdout + done.stderr
    outcome, message = proofs(json.loads(done.stdout))["engine"]
    assert outcome == "fail"
    assert "container bound can't start" in message
    assert "/srv/needed" in message
    assert json.loads(done.stdout)["rolled_back"] is False


def test_a_person_chooses_between_two_directories(patient_box: Box) -> None:
    """Two containers of one image lost their mount records: shown with what is in each, repaired as chosen, and undone."""
    box = patient_box
    known = ids_of(box)
    box.power_loss()
    mounts = box.data_root / places.MOUNTS
    right = {name: (mounts / known[name] / "mount-id").read_text() for name in ("web", "job")}
    for name in right:
        shutil.rmtree(mounts / known[name])
    plan = json.loads(box.doctor("fix", "--allow", "disruptive", "--format", "json").stdout)
    asked = {item["id"] + "/" + str(number): item for number, item in enumerate(plan["manual"]) if item["questions"]}
    assert len(asked) == 2
    for item in asked.values():
        (question,) = item["questions"]
        assert {one["name"] for one in question["candidates"]} == set(right.values())
        held = {one["name"]: str(one["evidence"]) for one in question["candidates"]}
        assert all("marker" in text for text in held.values()), held
    choice = f"state/layer-mount-corrupt:job={right['job'][:14]}"
    shown = box.doctor("fix", "--allow", "disruptive", "--choose", choice).stdout
    assert f"doctor fix --allow disruptive --choose {choice} --apply" in shown
    done = box.doctor(*APPLY, "--choose", choice)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (mounts / known[name] / "mount-id").read_text() for name in right} == right
    assert box.docker("exec", "web", "cat", "/marker") == "web"
    box.docker("start", "-a", "job")
    kit.undo(box)
    assert not (mounts / known["job"]).exists()


def test_what_stays_lost_takes_nothing_back(dead_box: Box) -> None:
    """All records of layers are gone and nothing was scanned before: what can be proven is restored and stays."""
    box = dead_box
    shutil.rmtree(box.data_root / places.STORE / "layerdb")
    done = box.doctor(*APPLY)
    report = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert {probe["outcome"] for probe in report["probes"]} == {"pass"}, report["probes"]
    assert set(judge.images(box)) >= {"bb:1", "bk:1"}
    left = {finding["id"] for finding in json.loads(box.doctor("scan", "--format", "json").stdout)["findings"]}
    assert {"state/layer-metadata-missing", "state/layer-mount-corrupt"} <= left
    assert box.doctor("undo", "--yes").returncode == 0
