"""A plan that leaves what stops the engine's start repairs the rest, does not start it, and says what to do first."""

import json
from pathlib import Path

import pytest

from doctor.facts.engine.start import STOPPERS
from doctor.model.action import Stage
from doctor.model.declare import CheckDeclaration
from doctor.plugins.load import load as load_catalog
from doctor.repair.planning.choose import parse
from doctor.repair.planning.plan import Plan, make_plan
from tests.cases.case import find

CATALOG = load_catalog()
DOWN = find("engine/down/init-script")
ROOT = "var/lib/docker"
NO_COMMA = {"etc/docker/daemon.json": '{"debug": true,}'}
SWARM = {f"{ROOT}/swarm/docker-state.json": '{"Local', f"{ROOT}/swarm/certificates/swarm-node.crt": "a certificate"}
DAMAGED_ID = {f"{ROOT}/engine-id": "no\xffid"}


IMAGE = {f"{ROOT}/image/overlay2/imagedb/content/sha256/{'ab' * 32}": "{}", f"{ROOT}/overlay2/{'cd' * 32}/diff/a": ""}


def plan(
    tmp_path: Path,
    *parts: dict[str, str],
    wanted: tuple[str, ...] = (),
    waived: tuple[str, ...] = (),
    choose: tuple[str, ...] = (),
) -> Plan:
    """The plan for a host with a dead engine that an init script starts, and these files."""
    host = DOWN.build(tmp_path / "host")
    for name, text in [file for part in parts for file in part.items()]:
        path = tmp_path / "host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1")
    return make_plan(
        host,
        CATALOG,
        CATALOG.choose((), ()),
        wanted=wanted,
        is_waived=lambda finding: finding.id in waived,
        choices=tuple(map(parse, choose)),
    )


def stages(made: Plan) -> set[Stage]:
    return {action.stage for action in made.actions}


def test_what_is_repaired_stops_nothing(tmp_path: Path) -> None:
    """Both findings stop the start, and both are repaired before it."""
    made = plan(tmp_path, NO_COMMA, DAMAGED_ID)
    assert Stage.ENGINE in stages(made)
    assert {"config/invalid-json", "state/engine-id-wrong", "engine/down"} <= {one.id for one in made.resolves}


def test_what_stays_stops_the_start_and_nothing_else(tmp_path: Path) -> None:
    made = plan(tmp_path, NO_COMMA, SWARM)
    assert stages(made) == {Stage.CONFIG}
    left = {one.finding.id: one for one in made.manual}
    assert left["engine/down"].why == (
        "the engine is not started before you resolve this: docker-state.json of the swarm node is corrupt: the engine can't start"
    )
    advice = left["engine/down"].advice
    assert "/var/lib/docker/swarm/docker-state.json" in advice
    assert advice.endswith(", then 'doctor fix --apply' again: it starts the engine")
    after = {one.id: one for one in made.after.findings}
    assert after["state/swarm-state-corrupt"].fingerprint in after["engine/down"].causes
    assert "config/invalid-json" not in after


def test_what_a_person_waived_stops_nothing(tmp_path: Path) -> None:
    """They declare that it does not: the start will show it."""
    assert Stage.ENGINE in stages(plan(tmp_path, SWARM, waived=("state/swarm-state-corrupt",)))


@pytest.mark.parametrize(
    ("wanted", "starts"), [(("engine/down",), False), (("engine/down", "config/invalid-json"), True)]
)
def test_what_was_not_asked_for_stays(tmp_path: Path, wanted: tuple[str, ...], starts: bool) -> None:
    """Its repair is not taken in; the reader learns how to."""
    made = plan(tmp_path, NO_COMMA, wanted=wanted)
    assert (Stage.ENGINE in stages(made)) is starts
    if not starts:
        (left,) = made.manual
        assert left.advice.startswith("add config/invalid-json to 'doctor fix'")


def test_a_cost_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    """Contradicting values of a flag and the file: which one goes is disruptive."""
    flag = 'DOCKER_OPTS="--log-level=debug"\n'
    made = plan(tmp_path, {"etc/docker/daemon.json": '{"log-level": "warn"}', "etc/default/docker": flag})
    left = {one.finding.id: one for one in made.manual}
    assert Stage.ENGINE not in stages(made)
    assert left["engine/down"].advice.startswith("add --allow disruptive, then")


LEADS_AWAY = [("storage-drivr", "vfs"), ("data-rot", "/srv/docker"), ("userns-remapp", "default")]
BOTH = ("engine/down", "config/unknown-key")


@pytest.mark.parametrize(("key", "value"), LEADS_AWAY)
def test_a_misspelt_key_that_would_hide_the_images_is_a_question(tmp_path: Path, key: str, value: str) -> None:
    made = plan(tmp_path, IMAGE, {"etc/docker/daemon.json": json.dumps({key: value})}, wanted=BOTH)
    assert made.actions == ()
    left = {one.finding.id: one for one in made.manual}
    (asked,) = left["config/unknown-key"].questions
    assert asked.text.endswith("(the engine would no longer list the content of /var/lib/docker)")
    assert "dockerd does not know" in left["engine/down"].why


@pytest.mark.parametrize(("key", "value"), LEADS_AWAY)
@pytest.mark.parametrize("is_made", [False, True])
def test_an_engine_is_not_started_over_another_store(tmp_path: Path, key: str, value: str, is_made: bool) -> None:
    """Whoever chose the name starts it; a directory that the engine has yet to make hides as much as an empty one."""
    meant = {"storage-drivr": "storage-driver", "data-rot": "data-root", "userns-remapp": "userns-remap"}[key]
    places = {"srv/docker/engine-id": "", f"{ROOT}/100000.100000/engine-id": ""} if is_made else {}
    settings = {"etc/docker/daemon.json": json.dumps({key: value})}
    made = plan(tmp_path, IMAGE, places, settings, wanted=BOTH, choose=(f"config/unknown-key={meant}",))
    assert stages(made) == {Stage.CONFIG}
    left = {one.finding.id: one for one in made.manual}
    assert "its start would hide" in left["engine/down"].why


@pytest.mark.parametrize("settings", [{"storage-drivr": "overlay2"}, {"data-rot": "/var/lib/docker/"}])
def test_a_misspelt_key_that_names_the_store_in_use_is_renamed(tmp_path: Path, settings: dict[str, str]) -> None:
    made = plan(tmp_path, IMAGE, {"etc/docker/daemon.json": json.dumps(settings)}, wanted=BOTH)
    assert {Stage.CONFIG, Stage.ENGINE} <= stages(made)


def test_what_stops_the_start_explains_the_engine_that_is_down() -> None:
    """The plan and the report agree: each check that says so is a cause of ``engine/down``."""
    folder = Path(__file__).parents[3] / "checks"
    said = {path for path in folder.glob("*/**/*.py") if "stops_start=" in path.read_text(encoding="utf-8")}
    ids = {f"{path.relative_to(folder).parts[0]}/{path.stem}".replace("_", "-") for path in said}
    assert len(ids) > 30
    assert ids <= set(STOPPERS)
    declared = [CATALOG.check(one).declaration for one in ids]
    assert any(isinstance(one, CheckDeclaration) and one.stops_start for one in declared)
