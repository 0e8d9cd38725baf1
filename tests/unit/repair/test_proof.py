"""Everything that must be there after a repair is known by name before it: a smaller set never passes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from doctor.engines.docker import prove
from doctor.engines.docker.expected import expected_of, present
from doctor.engines.docker.prove import ask_engine
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.host.base import ApiAnswer
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.expected import Expected, Need
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.plugins.load import load as load_catalog
from doctor.repair.apply import apply, to_record
from doctor.repair.planning.plan import make_plan
from doctor.repair.proof.prove import Proof, shortfalls
from doctor.repair.runs.found import find_run
from doctor.scan.resolve import Facts
from tests.cases.recipe import Recipe

CATALOG = load_catalog()
DOCKER = "var/lib/docker"
STORE = f"{DOCKER}/image/overlay2"
WHOLE = Expected(
    images={"a" * 64: "app:latest"},
    tags={"app:latest": f"sha256:{'a' * 64}"},
    containers={"c" * 64: "web"},
    runs=("c" * 64,),
    volumes=("data",),
    networks={"d" * 64: "mesh"},
)


def root(where: Path) -> RootHost:
    """A healthy tiny data root."""
    parts = ("image", "container", "network", "volumes")
    return Recipe(problem="any", name="healthy", about="", parts=parts).case().build(where / "host")


def test_what_is_whole_has_a_name(tmp_path: Path) -> None:
    """Each kind of thing of a healthy root is in the set."""
    found = present(Facts(root(tmp_path)).get)
    assert found.images
    assert found.tags
    assert list(found.containers.values()) == ["web"]
    assert found.volumes
    assert found.networks


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ("image/overlay2/repositories.json", "the name "),
        ("image/overlay2/layerdb/mounts", "container web"),
        ("containers", "container web"),
        ("volumes", "volume "),
        ("network/files/local-kv.db", "network "),
        ("image/overlay2/imagedb/content", "image "),
        ("image/overlay2/layerdb/sha256", "image "),
        ("overlay2", "image "),
    ],
)
def test_each_loss_is_noticed_and_named(tmp_path: Path, broken: str, kind: str) -> None:
    """A root without it has less than the whole one."""
    host = root(tmp_path)
    whole = present(Facts(host).get)
    path = tmp_path / "host" / DOCKER / broken
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    missing = whole.beyond(present(Facts(host).get))
    assert any(name.startswith(kind) for name in missing), missing
    assert whole.beyond(whole) == ()


def test_a_repair_that_leaves_less_is_rolled_back(
    tmp_path: Path, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    """Something that must be there is not, whatever the checks say: all is rolled back, and it is named."""
    host = root(tmp_path)
    tags = tmp_path / "host" / STORE / "repositories.json"
    tags.write_bytes(b"")
    plan = make_plan(host, CATALOG, CATALOG.choose(("state",), ()))
    record = to_record(plan, host.root, "run")
    mine = record.expected["docker"]
    assert mine.containers
    assert mine.tags, "foreseen by the plan"
    more = {"docker": msgspec.structs.replace(mine, volumes=(*mine.volumes, "lost-one"))}
    done = apply(msgspec.structs.replace(record, expected=more), host, CATALOG, prove=lambda _: (), progress=quiet)
    assert done.rolled_back
    assert "missing in the data root: volume lost-one" in done.error
    assert tags.read_bytes() == b""
    assert [(probe.name, probe.result) for probe in done.probes] == [("data-root", Result.FAIL)]
    assert find_run("run").plan().expected == more, "a crash does not forget it"


def engine(where: Path, **changed: Any) -> RootHost:
    """A host whose engine lists exactly what must be there, but for what a test changes."""
    api: dict[str, Any] = {
        "/info": {"Driver": "overlay2"},
        "/images/json?all=1": [{"Id": f"sha256:{'a' * 64}", "RepoTags": ["app:latest"], "RepoDigests": None}],
        "/containers/json?all=1": [{"Id": "c" * 64}],
        f"/containers/{'c' * 64}/json": {"State": {"Running": True}},
        "/volumes": {"Volumes": [{"Name": "data"}]},
        "/networks": [{"Id": "d" * 64}],
    }
    for path, body in changed.items():
        key = next(known for known in api if path in known and (path != "containers" or "all" in known))
        api[key] = body
    answers = {path: ApiAnswer(200, json.dumps(body).encode()) for path, body in api.items() if body is not None}
    return RootHost(str(where), RecordedAnswers(live=True, engine=answers, processes=()))


def test_an_engine_that_has_it_all(tmp_path: Path) -> None:
    """It says how much that is."""
    asked = ask_engine(engine(tmp_path), "", WHOLE)
    found, is_missing = asked.proof, asked.is_missing
    assert (found.result, is_missing) == (Result.PASS, False)
    assert found.message == (
        "the engine has 1 image with 1 name, 1 container, 1 volume, 1 network; 1 container that restarts by itself runs"
    )


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("images", [], "image app:latest is missing"),
        (
            "images",
            [{"Id": f"sha256:{'a' * 64}", "RepoTags": []}],
            "the name app:latest of image aaaaaaaaaaaa is missing",
        ),
        ("containers", [], "container web is missing"),
        ("volumes", {"Volumes": None}, "volume data is missing"),
        ("networks", [], "network mesh is missing"),
        ("info", None, "a valid answer of the engine"),
    ],
)
def test_what_the_engine_lacks_is_named(tmp_path: Path, kind: str, body: Any, name: str) -> None:
    """An engine that dropped one thing, or does not answer, fails the proof."""
    asked = ask_engine(engine(tmp_path, **{kind: body}), "", WHOLE)
    found, is_missing = asked.proof, asked.is_missing
    assert (found.result, is_missing) == (Result.FAIL, True)
    assert name in found.message


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"Running": False, "Error": "no such device"}, "container web can't start: no such device"),
        ({"Running": True, "Restarting": True, "ExitCode": 3}, "ends with exit code 3, repeatedly"),
        ({"Running": False, "ExitCode": 0}, "ends with exit code 0"),
    ],
)
def test_what_does_not_run_is_named(
    tmp_path: Path, state: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, so nothing is missing; and it is not a success either."""
    monkeypatch.setattr(prove, "_SETTLE_S", 0.1)
    host = engine(tmp_path)
    host.answers.engine[f"/containers/{'c' * 64}/json"] = ApiAnswer(200, json.dumps({"State": state}).encode())
    asked = ask_engine(host, "", WHOLE)
    found, is_missing = asked.proof, asked.is_missing
    assert (found.result, is_missing) == (Result.FAIL, False)
    assert why in found.message


def test_another_driver_hides_images_and_loses_none(tmp_path: Path) -> None:
    """The containerd store lists other ids; what overlay2 has is judged on disk then."""
    host = engine(tmp_path, info={"Driver": "overlayfs"}, images=[], containers=[])
    found = ask_engine(host, "", WHOLE).proof
    assert found.result is Result.PASS
    assert found.message == (
        "the engine has 1 volume, 1 network, and uses another storage driver than overlay2: "
        "it does not show 1 image with 1 name, 1 container"
    )


def test_a_container_that_only_flaps_is_not_held_against_a_repair(tmp_path: Path) -> None:
    """One that restarted again and again before the repair will do so after it."""
    host = root(tmp_path)
    config = next((tmp_path / "host" / DOCKER / "containers").iterdir())
    settings = json.loads((config / "hostconfig.json").read_bytes())
    settings["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}
    (config / "hostconfig.json").write_text(json.dumps(settings))
    seen = {}
    for restarting in (False, True):
        document = json.loads((config / "config.v2.json").read_bytes())
        document["State"] |= {"Running": True, "Restarting": restarting}
        (config / "config.v2.json").write_text(json.dumps(document))
        seen[restarting] = present(Facts(host).get).runs
    assert seen == {False: (config.name,), True: ()}


@pytest.mark.parametrize(
    ("need", "is_met"),
    [
        (Need("network", "d" * 64, "mesh"), True),
        (Need("network", "e" * 64, "back"), False),
        (Need("network", "mesh", "mesh"), True),
        (Need("volume", "data", "data"), True),
        (Need("volume", "other", "other"), False),
        (Need("runtime", "kata", "kata"), True),
        (Need("runtime", "nvidia", "nvidia"), False),
        (Need("container", "c" * 64, "cccc"), True),
        (Need("container", "f" * 64, "ffff"), False),
    ],
)
def test_each_container_can_be_started_as_far_as_names_go(tmp_path: Path, need: Need, *, is_met: bool) -> None:
    """The things that it names exist, or the proof names both; nothing is rolled back for it, as less would be there then."""
    host = engine(
        tmp_path,
        networks=[{"Id": "d" * 64, "Name": "mesh"}],
        info={"Driver": "overlay2", "Runtimes": {"runc": {}, "kata": {}}},
    )
    asked = ask_engine(host, "", msgspec.structs.replace(WHOLE, needs={"c" * 64: (need,)}))
    found, is_missing = asked.proof, asked.is_missing
    assert not is_missing
    assert (found.result is Result.PASS) == is_met
    assert is_met or found.message == f"container web can't start: {need.kind} {need.title} does not exist"


def test_a_plan_knows_what_its_containers_need(tmp_path: Path) -> None:
    """Networks and volumes that containers name, but for those that were missing before the repair."""
    host = root(tmp_path)
    (tmp_path / "host" / STORE / "repositories.json").write_bytes(b"")
    needs = (
        to_record(make_plan(host, CATALOG, CATALOG.choose(("state",), ())), host.root, "run").expected["docker"].needs
    )
    assert [need.title for all_ in needs.values() for need in all_] == ["mesh"]
    (tmp_path / "host" / DOCKER / "network/files/local-kv.db").unlink()
    Path(tmp_path / "host" / DOCKER / "network/files/local-kv.db").write_bytes(
        write(Bucket(buckets={b"libnetwork": Bucket()}))
    )
    found = expected_of(Facts(host).get, Facts(host).get)
    assert found.needs == {}


@pytest.mark.parametrize(("by_others", "is_rolled_back"), [(False, True), (True, False)])
def test_a_failure_by_others_rolls_nothing_back_and_is_no_success(*, by_others: bool, is_rolled_back: bool) -> None:
    """A dead name server, or a rule that somebody made: it was so before, and stays so."""
    failed = ProbeResult(name="dns", proves="", result=Result.FAIL, message="dead", by_others=by_others)
    record: Any = SimpleNamespace(probes=("dns",), predicted=())
    host: Any = SimpleNamespace(is_live=lambda: True)
    after: Any = SimpleNamespace(findings=(), breaks={})
    proof = Proof(record, host, prove=lambda _: (failed,), prove_images=None, progress=lambda _: None)
    assert bool(proof.containers(after)) is is_rolled_back
    assert list(shortfalls((failed,))) == ([failed] if by_others else [])
