"""Hard links as steps: foreseen where the file is new, and leaving nothing beside them."""

import os
from pathlib import Path

from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.model.paths import HostPath
from doctor.model.step import File, HardLink, Meta, Put
from doctor.repair.runs.journal import Before
from doctor.repair.steps.inverse import inverse
from doctor.repair.steps.nodes import Tree
from doctor.repair.steps.unchanged import is_done


def test_another_name_of_a_new_file_is_foreseen(tmp_path: Path) -> None:
    """Nothing of either is there yet."""
    host = OverlayHost(RootHost(str(tmp_path)))
    host.apply(Put(path="/one", node=File(content=b"text"), meta=Meta(mode=0o600)))
    host.apply(Put(path="/two", node=HardLink(target="/one")))
    assert host.read(HostPath("/two")) == b"text"
    assert host.lstat(HostPath("/two")).mode == 0o600


def test_a_link_that_is_there_already_leaves_no_temporary_name(tmp_path: Path) -> None:
    """rename(2) does nothing between two names of one file."""
    (tmp_path / "one").write_bytes(b"text")
    os.link(tmp_path / "one", tmp_path / "two")
    Tree(str(tmp_path), "run").put("/two", HardLink(target="/one"), None)
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]


def test_undoing_a_link_gives_the_file_back_that_was_there(tmp_path: Path) -> None:
    """Written in place it would stay a name of the other file, and change that file too."""
    (tmp_path / "one").write_bytes(b"text")
    (tmp_path / "two").write_bytes(b"text")
    tree = Tree(str(tmp_path), "run")
    step = Put(path="/two", node=HardLink(target="/one"))
    node, meta = tree.snapshot("/two", str(tmp_path / "blob"))
    tree.put("/two", step.node, None)
    assert os.stat(tmp_path / "one").st_nlink == 2
    (back,) = inverse(step, Before(node=node, meta=meta))
    assert isinstance(back, Put)
    assert not is_done(tree, back), "the same content is not enough"
    tree.put(back.path, back.node, back.meta, unlinks=back.unlinks)
    assert [os.stat(tmp_path / name).st_nlink for name in ("one", "two")] == [1, 1]


def test_a_tree_leaves_no_descriptor(tmp_path: Path) -> None:
    """A command makes several of them."""
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        Tree(str(tmp_path)).lstat("/one")
    assert os.listdir("/proc/self/fd") == before
