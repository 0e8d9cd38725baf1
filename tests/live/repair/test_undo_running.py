"""An undo under a running engine: what becomes of it is said before it begins, and shown by the exit code."""

import pytest

from tests.hosts import faults, judge
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STUCK = "the engine runs now, and will not start with the restored state: repositories.json"


def test_an_undo_onto_what_no_engine_starts_on(patient_box: Box) -> None:
    """A corrupt list returns: in what is shown before the question, on stderr with --yes, and as exit 1."""
    box = patient_box
    faults.inject(box, "state/repositories-empty", seed=1)
    kit.repair(box, "state")
    asked = box.doctor("undo")
    assert asked.returncode == 5, asked.stdout + asked.stderr
    assert STUCK in asked.stdout
    assert box.engine_answers()
    undone = kit.undo(box, code=1)
    before, _, after = undone.stderr.partition("[1/")
    assert STUCK in before
    assert "web" in before
    assert "the engine ran before this undo and does not run now" in after
    assert not box.engine_answers()


def test_an_undo_that_hides_containers(patient_box: Box) -> None:
    """With the storage driver of before the engine starts and shows none: each is named before and after, and all are restored."""
    box = patient_box
    images = judge.images(box)
    box.write("/etc/docker/daemon.json", '{"storage-driver": "vfs"}\n')
    kit.repair(box, "storage", "config")
    assert judge.images(box) == images
    undone = kit.undo(box, code=1)
    before, _, after = undone.stderr.partition("[1/")
    assert "no longer shown by the engine" in before
    for name in ("web", "plain"):
        assert name in before
        assert f"container {name} does not exist in the engine; it ran before this undo" in after
    assert judge.images(box) == {}
    run = after.rpartition("doctor undo ")[2].partition("'")[0]
    kit.undo(box, run)
    assert judge.images(box) == images
    assert {"web", "plain"} <= set(box.docker("ps", "--format", "{{.Names}}").split())
