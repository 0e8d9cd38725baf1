"""A fixer that would write a mask in place of a value: none of its actions is done."""

from pathlib import Path
from typing import Any

import pytest
from doctor.fixers.config import flag_file_conflict

from doctor.api.actions.config.engine_settings import set_setting
from doctor.model.action import Action
from doctor.model.paths import HostPath
from doctor.plugins.load import load as load_catalog
from doctor.repair.planning.plan import make_plan
from tests.cases.case import find

CATALOG = load_catalog()
LABELS = find("config/flag-file-conflict/labels-concealed")


def masked(file: HostPath, path: tuple[str, ...], value: Any, *, restart: bool = True) -> Action:
    """A defect of a fixer: it writes what is printed of a secret."""
    return set_setting(file, path, [f"{item.partition('=')[0]}=***" for item in value], restart=restart)


def test_half_of_a_repair_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag would go, and the value with it, while the file does not get it."""
    assert len(make_plan(LABELS.build(tmp_path / "right"), CATALOG, CATALOG.choose(("config",), ())).actions) == 2
    monkeypatch.setattr(flag_file_conflict, "set_setting", masked)
    plan = make_plan(LABELS.build(tmp_path / "wrong"), CATALOG, CATALOG.choose(("config",), ()))
    assert plan.actions == ()
    (left,) = plan.manual
    assert left.why == "it would write a masked value into /etc/docker/daemon.json"
