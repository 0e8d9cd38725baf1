"""An undo whose old settings the engine can't read: they are restored, and it runs on with the new ones until its next start."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.model.errors import RepairError
from doctor.model.step import Reload, Step
from doctor.repair.runs.record import RunDirectory
from doctor.repair.steps.execute import Executor
from doctor.repair.steps.perform import perform_back
from tests.unit.repair.test_undo import record


@pytest.mark.parametrize("is_rollback", [False, True])
def test_a_refused_reload_is_a_failure_of_a_rollback_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_rollback: bool
) -> None:
    """The engine refuses the file that the user wants back; after a failed repair it must not keep what that has set."""

    def refuse(_self: Executor, _step: object, _before: object = None) -> None:
        raise RepairError("the engine did not reload its settings within 20 s of SIGHUP")

    monkeypatch.setattr(Executor, "act", refuse)
    (tmp_path / "host").mkdir()
    steps: list[Step] = [Reload(pid=1, start_ticks=0, socket="/nobody.sock")]
    made = replace(record(steps, str(tmp_path / "host")), is_rollback=is_rollback)
    said: list[str] = []
    failures = perform_back(RunDirectory.create(made), made, said.append)
    assert [failure.step for failure in failures] == (steps if is_rollback else [])
    assert ("keeps the settings of the repair until its next start" in " ".join(said)) is not is_rollback
