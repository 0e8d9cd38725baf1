"""The contract of actions: once is enough, nobody is led out or hung, and every action has the words and levels of one.

Each action is lowered on a real tree, whatever stands in its path; its steps are applied to a prediction, on which it must
then be a no-op.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from doctor.api.actions.files import (
    CopyAside,
    EditFile,
    MakeSymlink,
    Quarantine,
    WriteFile,
)
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.live_directory import MakeLiveDirectory
from doctor.api.actions.state import CopyOver, Rebuild, WantedPath
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.action import Action, Stage
from doctor.model.errors import DoctorError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Directory, File, Step, Symlink, places
from tests.one_file import modules
from tests.unit.collect.odd import put_in_place

PATH = HostPath("/data/place/node")
ACTIONS: dict[str, Action] = {
    "write": WriteFile(path=PATH, content=b"\xffnew\0", what="write it"),
    "edit": EditFile(path=PATH, edit=lambda data: data.rstrip(b"!") + b"!", what="edit it"),
    "edit or create": EditFile(path=PATH, edit=lambda _: b"whole", create=True, what="edit it"),
    "link": MakeSymlink(path=PATH, target="../else\udcff", what="link it"),
    "quarantine": Quarantine(path=PATH, why="it is corrupt"),
    "copy aside": CopyAside(path=PATH, to=HostPath("/var/lib/doctor/aside/node"), why="the start empties it"),
    "copy over": CopyOver(source=HostPath("/data/source"), path=PATH, what="copy it"),
    "live directory": MakeLiveDirectory(path=PATH, mode=0o710),
    "rebuild a file": Rebuild(items=(WantedPath(path=PATH, node=File(content=b"x")),), what="rebuild it"),
    "rebuild a link": Rebuild(items=(WantedPath(path=PATH, node=Symlink(target="../x")),), what="rebuild it"),
    "rebuild more": Rebuild(
        items=(
            WantedPath(path=PATH, node=Directory(), mode=0o700),
            WantedPath(path=HostPath(f"{PATH}/deeper/file"), node=File(content=b"x")),
        ),
        what="rebuild them",
    ),
    "sysctl": SetSysctl(key="net.ipv4.conf.eth0/1.forwarding", value="1"),
}
NODES = (
    "nothing",
    "empty",
    "high bytes",
    "directory",
    "fifo",
    "socket",
    "loop",
    "dangling",
    "outside",
    "no parent",
    "file above",
)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A root; what is beside it must stay as it is."""
    (tmp_path / "root/data").mkdir(parents=True)
    (tmp_path / "root/data/source").write_bytes(b"source\xff")
    (tmp_path / "beside").write_text("mine")
    return tmp_path / "root"


def build(top: Path, kind: str) -> None:
    """Put a node in the place."""
    if kind == "file above":
        (top / "data/place").write_text("no directory")
    elif kind != "no parent":
        (top / "data/place").mkdir()
        assert kind == "nothing" or put_in_place(top / PATH.lstrip("/"), kind)


def lowered(action: Action, view: OverlayHost) -> list[Step]:
    """The steps of an action, applied one by one to the prediction."""
    found = []
    for step in action.steps(view):
        view.apply(step)
        found.append(step)
    return found


@pytest.mark.parametrize("kind", NODES)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_second_time_is_a_no_op(top: Path, name: str, kind: str) -> None:
    """Lowered, or refused with doctor's own error; nothing is written by lowering, and no step names a place elsewhere."""
    build(top, kind)
    before = sorted((str(path), os.lstat(path).st_mtime_ns) for path in top.rglob("*"))
    view = OverlayHost(RootHost(str(top)))
    try:
        steps = lowered(ACTIONS[name], view)
    except (HostError, DoctorError):
        steps = []
    else:
        assert lowered(ACTIONS[name], view) == []
    assert sorted((str(path), os.lstat(path).st_mtime_ns) for path in top.rglob("*")) == before
    assert (top.parent / "beside").read_text() == "mine"
    allowed = ("/data/place", "/var", "/proc/sys", "/etc/passwd", "/etc")
    assert [place for step in steps for place in places(step) if not place.startswith(allowed)] == []


def test_most_of_them_do_something(top: Path) -> None:
    """A contract that every action refused would be kept by doing nothing."""
    build(top, "high bytes")
    done = {name for name, action in ACTIONS.items() if lowered(action, OverlayHost(RootHost(str(top))))}
    assert done >= ACTIONS.keys() - {"live directory"}


def test_an_edit_follows_a_link_inside_and_never_out(top: Path) -> None:
    """The link stays; its target is edited, beneath the root."""
    (top / "etc").mkdir()
    (top / "etc/passwd").write_text("root")
    build(top, "outside")
    view = OverlayHost(RootHost(str(top)))
    (step,) = lowered(ACTIONS["edit"], view)
    assert places(step) == ("/etc/passwd",)
    assert view.read(PATH) == b"root!"


def classes() -> Iterator[type]:
    """Yield every class of action."""
    for name in modules("doctor.api.actions"):
        for thing in vars(importlib.import_module(name)).values():
            is_here = isinstance(thing, type) and thing.__module__ == name and not thing.__name__.startswith("_")
            if is_here and issubclass(thing, Struct) and hasattr(thing, "steps"):
                yield thing


@pytest.mark.parametrize("kind", list(classes()), ids=lambda kind: kind.__name__)
def test_a_class_of_actions_has_what_a_plan_asks_of_it(kind: type) -> None:
    """A stage and a risk, a summary, and frozen: a plan keeps it while it is lowered twice."""
    fields = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    assert isinstance(fields.get("stage", Stage.CONFIG), Stage)
    assert isinstance(fields.get("risk", Applicability.SAFE), Applicability)
    assert kind.__struct_config__.frozen
    summary = getattr(kind, "summary", None)
    assert isinstance(summary, property) or "summary" in kind.__struct_fields__
    steps: Callable[..., object] = kind.steps
    assert steps.__annotations__["return"] == Iterator[Step]
