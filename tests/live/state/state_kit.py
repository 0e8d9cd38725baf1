"""Asks doctor for the damage of a host's state, and lets it repair it."""

from collections.abc import Collection

from tests.hosts import places
from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

APPLY = ("fix", "--apply", "--yes", "--allow", "disruptive")


def problems(box: Box, *arguments: str, notes: bool = False) -> set[str]:
    """Ids of what a scan of the state finds, without the area; with notes also what is only worth knowing."""
    return {name.removeprefix("state/") for name in kit.ids(box, "--select", "state", *arguments, notes=notes)}


def is_sick(box: Box) -> bool:
    """Does a scan of the state end with the exit code of findings."""
    return box.doctor("scan", "--select", "state").returncode == 1


def mend_state(box: Box, *arguments: str) -> str:
    """Repair the state alone: the engine is left down, which stays as a finding."""
    done = kit.repair(box, "state", *arguments, code=1)
    assert "engine/down" in done.stdout
    assert not box.engine_answers()
    return done.stdout


def mend_and_take_back(box: Box) -> None:
    """Repair the state alone, after which nothing is wrong with it, and undo that: every entry is as broken as before."""
    broken = places.entries(box.data_root)
    mend_state(box)
    assert problems(box) == set()
    kit.undo(box)
    assert places.entries(box.data_root) == broken


def revive(box: Box, *arguments: str, codes: Collection[int] = (0, 1)) -> str:
    """Repair all, which starts the engine too; some finding may remain (1) unless codes say otherwise."""
    done = box.doctor(*APPLY, *arguments)
    print(done.stdout, done.stderr)
    assert done.returncode in codes, done.stdout + done.stderr
    assert box.engine_answers(), done.stdout
    return done.stdout


def backups(box: Box) -> list[str]:
    """The metadata backups that there are, oldest first."""
    return sorted(path.name for path in (box.workdir / "doctor/metadata").glob("0*.json"))
