"""A plan never starts an engine whose start would destroy data: the guard comes first, or there is no start."""

from pathlib import Path

import pytest

from doctor.model.action import Stage
from doctor.plugins.load import load as load_catalog
from doctor.repair.planning.plan import Plan, make_plan
from tests.cases import roots
from tests.cases.case import find
from tests.cases.roots import Tree
from tests.cases.state import databases

CATALOG = load_catalog()
DOWN = find("engine/down/init-script")


def plan(tmp_path: Path, tree: Tree, *wanted: str) -> Plan:
    """The plan for a host with a dead engine that an init script starts, and this data root."""
    host = DOWN.build(tmp_path / "host")
    for name, content in tree.entries.items():
        path = tmp_path / "host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is None:
            path.mkdir(exist_ok=True)
    return make_plan(host, CATALOG, CATALOG.choose((), ()), wanted=wanted)


def swarm(tree: Tree) -> None:
    """A node without its certificate."""
    tree.put(f"{roots.ROOT}/swarm/docker-state.json", '{"LocalAddr":"10.0.0.1"}')


def test_without_danger_the_engine_is_started(tmp_path: Path) -> None:
    """The things that the other tests look for would exist."""
    assert Stage.ENGINE in [action.stage for action in plan(tmp_path, Tree(), "engine/down").actions]


@pytest.mark.parametrize("wanted", [(), ("engine/down",)])
def test_what_a_start_erases_is_copied_before_it(tmp_path: Path, wanted: tuple[str, ...]) -> None:
    """Also where only the start was asked for."""
    tree = Tree()
    swarm(tree)
    stages = [action.stage for action in plan(tmp_path, tree, *wanted).actions]
    assert Stage.GUARD in stages
    assert stages.index(Stage.GUARD) < stages.index(Stage.ENGINE)


def test_what_was_not_asked_for_is_left_where_nothing_starts(tmp_path: Path) -> None:
    """The guard is there for a start, and this plan has none."""
    tree = Tree()
    swarm(tree)
    tree.put("etc/docker/daemon.json", '{"debug": true,}')
    stages = {action.stage for action in plan(tmp_path, tree, "config/invalid-json").actions}
    assert stages == {Stage.CONFIG}


@pytest.mark.parametrize("wanted", [(), ("engine/down",)])
def test_where_only_a_person_can_keep_it_nothing_starts(tmp_path: Path, wanted: tuple[str, ...]) -> None:
    """Every image would go; the start is left to the user, with the reason."""
    tree = Tree()
    databases.image_store(tree)
    tree.remove(databases.CONTAINERD)
    made = plan(tmp_path, tree, *wanted)
    assert Stage.ENGINE not in [action.stage for action in made.actions]
    why = {manual.finding.id: manual.why for manual in made.manual}
    assert "before you resolve this: containerd's database lists no image" in why["engine/down"]
    assert "state/containerd-store-db-lost" in why
