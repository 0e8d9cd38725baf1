"""Questions that only a person can answer: shown with evidence, answered on the command line, never guessed."""

import json
import shlex
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.api.actions.choose import Choosable, Choose
from doctor.cli.commands.planned import FixOptions
from doctor.cli.spelled import command
from doctor.cli.wrapped import filled
from doctor.facts.images.images import Images
from doctor.facts.secrets.redact import redact
from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.finding import Finding, Subject
from doctor.plugins.load import load as load_catalog
from doctor.repair.apply import apply, to_record
from doctor.repair.planning.choose import parse, question
from doctor.repair.planning.plan import Plan, make_plan
from doctor.repair.runs.found import find_run
from doctor.repair.undo import undo
from tests.cases.case import find
from tests.cases.roots import WEB

CATALOG = load_catalog()
MOUNT = "state/layer-mount-corrupt"
DOCKER = "var/lib/docker"


def host_of(name: str, where: Path) -> RootHost:
    """The tree of a case."""
    return find(name).build(where / "host")


def plan_for(host: RootHost, *choices: str, only: str = MOUNT) -> Plan:
    """Return the plan for the findings of one check, with these choices."""
    ids = CATALOG.choose(("state",), ())
    return make_plan(host, CATALOG, ids, wanted=(only,), choices=tuple(parse(text) for text in choices))


def options(plan: Plan) -> list[str]:
    """Return the option of each candidate of a plan."""
    return [
        candidate.option.removeprefix("--choose ").strip("'")
        for manual in plan.manual
        for question in manual.questions
        for candidate in question.candidates
    ]


def two_containers(where: Path) -> RootHost:
    """Containers web and other lost their mount records; two directories stand on their image."""
    return host_of("state/layer-mount-corrupt/two-candidates", where)


def test_candidates_are_shown_with_evidence_and_none_is_taken(tmp_path: Path) -> None:
    """Each of the two containers may have either directory; nothing is done about either."""
    plan = plan_for(two_containers(tmp_path))
    assert plan.actions == ()
    assert len(options(plan)) == 4
    question = plan.manual[0].questions[0]
    assert "which layer directory belongs to container" in question.text
    for candidate in question.candidates:
        assert [seen.source for seen in candidate.evidence] == ["directory", "created", "holds"]


def test_a_choice_is_done_and_undone(tmp_path: Path, state_dir: Path, quiet: Callable[[str], None]) -> None:
    """The other container gets the directory that is left, which is then proven by elimination."""
    host = two_containers(tmp_path)
    chosen = next(text for text in options(plan_for(host)) if ":web=" in text)
    plan = plan_for(host, chosen)
    assert sorted(found.subject.name for found in plan.resolves) == ["other", "web"]
    record = to_record(plan, host.root, "run")
    assert apply(record, host, CATALOG, prove=lambda _: (), progress=quiet).error == ""
    mounts = tmp_path / "host" / DOCKER / "image/overlay2/layerdb/mounts"
    assert (mounts / WEB / "mount-id").read_text().startswith(chosen.partition("=")[2])
    assert len({(entry / "mount-id").read_text() for entry in mounts.iterdir()}) == 2
    run = find_run("run")
    undo.undo(run, undo.prepare(run, host), progress=quiet)
    assert not mounts.exists()


def test_one_directory_is_not_given_twice(tmp_path: Path) -> None:
    """The same answer for both containers is refused, and says why."""
    host = two_containers(tmp_path)
    first = options(plan_for(host))[0].partition("=")[2]
    with pytest.raises(UsageError, match="is chosen twice"):
        plan_for(host, f"{MOUNT}:web={first}", f"{MOUNT}:other={first}")


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (f"{MOUNT}:web=0123456789ab", "is not a candidate"),
        (f"{MOUNT}:nobody=b8fc", "matches no question about this host"),
        (f"{MOUNT}=b8fc", "matches several questions"),
        ("state/volume-db-missing=x", "matches no question about this host"),
    ],
)
def test_a_wrong_answer_is_refused(tmp_path: Path, choice: str, why: str) -> None:
    """Nothing that no fixer has offered can be chosen; the message shows what was typed, and what may be."""
    with pytest.raises(UsageError, match=why) as refused:
        plan_for(two_containers(tmp_path), choice)
    said = str(refused.value)
    assert f"--choose '{choice}'" in said
    assert redact(said) == said


@pytest.mark.parametrize("identity", ["state/drivers-several", "acme:disk/note-empty", f"{MOUNT}:web", "acme:a/b:c d"])
@pytest.mark.parametrize(
    "form", ["--choose '{}'", "doctor fix --choose {} --apply", "--choose={}", "x:\n  --choose {}"]
)
def test_no_answer_is_masked(identity: str, form: str) -> None:
    """An id of doctor's or of a plugin's, with or without a subject; what is beside it still is."""
    text = form.format(f"{identity}=hunter2")
    assert redact(text) == text
    assert redact(f"{text} --token=hunter2") == f"{text} --token=***"
    assert "hunter2" not in redact(form.format(f"{identity}=a").replace("--choose", "--token"))


def test_an_answer_given_twice(tmp_path: Path) -> None:
    """Both are shown."""
    host = two_containers(tmp_path)
    answer = options(plan_for(host))[0]
    with pytest.raises(UsageError, match="answered twice") as refused:
        plan_for(host, answer, answer[:-1])
    assert redact(str(refused.value)) == str(refused.value)


@pytest.mark.parametrize("text", ["", "x", "state/x", "state/x:y", "=z", ":a=b", "state/x:y="])
def test_another_form_is_not_understood(text: str) -> None:
    """The error of an invalid choice shows the right form."""
    with pytest.raises(UsageError, match="is invalid"):
        parse(text)


def test_the_form() -> None:
    """Subjects hold colons, slashes and equals signs; a plugin's id has its own colon."""
    found = parse("acme:disk/note-empty:localhost:5000/app:1=x=sha256:ab")
    assert (found.id, found.subject, found.candidate) == ("acme:disk/note-empty", "localhost:5000/app:1=x", "sha256:ab")
    assert parse("state/drivers-several=overlay2").subject == ""


def test_a_name_of_two_images_is_asked_for_beside_what_is_done(tmp_path: Path) -> None:
    """The names that are known are written either way; the doubtful one only as chosen."""
    host = host_of("state/repositories-json-missing/deleted", tmp_path)
    docker = tmp_path / "host" / DOCKER
    store = docker / "image/overlay2/imagedb/content/sha256"
    second = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'
    identity = sha256(second).hexdigest()
    (store / identity).write_bytes(second)
    first = next((docker / "containers").iterdir())
    config = json.loads((first / "config.v2.json").read_bytes())
    for name, image in (("one", config["Image"]), ("two", f"sha256:{identity}")):
        folder = first.with_name(sha256(name.encode()).hexdigest())
        folder.mkdir()
        made = {**config, "ID": folder.name, "Name": f"/{name}", "Image": image, "Config": {"Image": "doubt:1"}}
        (folder / "config.v2.json").write_text(json.dumps(made))
        (folder / "hostconfig.json").write_bytes((first / "hostconfig.json").read_bytes())
    plan = plan_for(host, only="state/repositories-json-missing")
    assert [action.summary for action in plan.actions] == [
        "write 1 image name into a new repositories.json (1 from the settings of containers)"
    ]
    found = options(plan)
    assert len(found) == 2
    answer = next(text for text in found if identity[:12] in text)
    chosen = plan_for(host, answer, only="state/repositories-json-missing")
    images = chosen.after.facts.get(Images)
    assert isinstance(images, Images)
    assert images.tags.entries == {**images_of(plan), "doubt:1": f"sha256:{identity}"}
    assert options(chosen) == []


def images_of(plan: Plan) -> dict[str, str]:
    """The names that images are predicted to have."""
    images = plan.after.facts.get(Images)
    assert isinstance(images, Images)
    return images.tags.entries


def test_a_driver_is_chosen(tmp_path: Path) -> None:
    """Where two drivers hold images, the question is the whole repair."""
    host = host_of("state/drivers-several/one-holds-the-images", tmp_path)
    docker = tmp_path / "host" / DOCKER
    for name in ("btrfs", "fuse-overlayfs", "overlay2"):
        if (docker / name).is_dir():
            store = docker / "image" / name / "imagedb/content/sha256"
            store.mkdir(parents=True, exist_ok=True)
            (store / ("a" * 64)).write_text("{}")
    plan = make_plan(host, CATALOG, CATALOG.choose(("state/drivers-several",), ()))
    assert plan.actions == ()
    assert len(options(plan)) == 2
    chosen = make_plan(
        host,
        CATALOG,
        CATALOG.choose(("state/drivers-several",), ()),
        choices=(parse("state/drivers-several=overlay2"),),
    )
    assert [action.summary for action in chosen.actions] == [
        'set storage-driver to "overlay2" in /etc/docker/daemon.json'
    ]


def test_the_command_repeats_what_was_asked_for() -> None:
    """A plan that was made with options is carried out with the same ones."""
    options = FixOptions(ids=("state",), deep=True, root="/mnt/a disk", allow="disruptive", choose=("a/b:c d=e",))
    assert options.command(is_live=False) == command(
        *(
            "fix",
            "state",
            "--deep",
            "--root",
            "/mnt/a disk",
            "--allow",
            "disruptive",
            "--choose",
            "a/b:c d=e",
            "--apply",
        )
    )
    assert FixOptions().command(is_live=False) == command("fix", "--apply")


def test_an_option_that_redaction_would_change_has_a_code_that_can_be_pasted() -> None:
    """Reports mask what may be a secret; the printed option must select the question nevertheless."""
    name = 'filter -A FORWARD -m comment --comment "--password hunter2" -j DROP'
    finding = Finding(id="firewall/foreign-rule-drop", subject=Subject("rule", name), message="")
    asked = Choose(question="whether", options=(Choosable(name="delete", evidence=(), actions=()),))
    (candidate,) = question(finding, asked).candidates
    assert redact(candidate.option) == candidate.option
    assert "hunter2" not in candidate.option
    choice = parse(shlex.split(candidate.option)[1])
    assert choice.fits(finding, asked)
    assert not choice.fits(replace(finding, subject=Subject("rule", "another")), asked)
    plain = replace(finding, subject=Subject("rule", "filter -A FORWARD -j DROP"))
    assert "-A FORWARD -j DROP=delete" in question(plain, asked).candidates[0].option


def test_an_option_that_the_screen_breaks_is_understood() -> None:
    """A long rule is printed on several lines: copied with its line ends, it selects the same question."""
    name = 'filter -A DOCKER-USER -s 10.88.0.0/24 -m comment --comment "two  blanks" -j DROP'
    finding = Finding(id="firewall/docker-user-drops", subject=Subject("rule", name), message="")
    asked = Choose(question="whether", options=(Choosable(name="delete", evidence=(), actions=()),))
    (candidate,) = question(finding, asked).candidates
    broken = "\n              ".join(filled(candidate.option))
    assert "\n" in broken
    assert parse(shlex.split(broken)[1]).fits(finding, asked)
    other = replace(finding, subject=Subject("rule", name.replace("-s 10.", "-s 11.")))
    assert not parse(shlex.split(broken)[1]).fits(other, asked)
