"""Every case: exactly its findings, a plan that repairs them and nothing else, prediction = result, undo = every byte."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from doctor.facts.engine.state import EngineVersion
from doctor.facts.secrets.redact import redact
from doctor.host.base import ApiAnswer, Host, Process
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RootHost
from doctor.host.syscalls import held
from doctor.model.outcome import Result
from doctor.model.paths import is_beneath
from doctor.model.severity import Applicability
from doctor.model.step import Move, Netlink, Run, Signal
from doctor.plugins.load import load as load_catalog
from doctor.repair.apply import apply, to_record
from doctor.repair.planning.plan import Plan, make_plan
from doctor.repair.runs.found import find_run
from doctor.repair.undo import undo
from doctor.scan.run import Scan, scan
from doctor.scan.suppose import dependent, suppose
from tests.cases.case import HERE, Case, all_cases

_HERE = -100  # AT_FDCWD
CATALOG = load_catalog()
CASES = all_cases()
BY_NAME = [pytest.param(case, id=case.name) for case in CASES]
# A Python value, a plural after 1, a count of nothing, a word twice: slips of text that is put together.
SLIPS = re.compile(
    r"\b(?:True|False|None)\b|(?<![\d.:/-])1 (?!process\b|address\b|does\b|this\b)[a-z]{3,}s\b"
    r"|\b0 (?:images|containers)\b|\b([a-z]+) \1\b(?![.\w-])"
)
FAILING = [pytest.param(case, id=case.name) for case in CASES if case.findings and case.fix == "resolved"]


@pytest.fixture(autouse=True)
def removable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Files that a case made immutable can be removed after the test."""
    yield
    case = request.node.callspec.params.get("case") if hasattr(request.node, "callspec") else None
    if isinstance(case, Case):
        case.let_go(tmp_path / "host")


def tree(top: Path) -> dict[str, tuple[object, ...]]:
    """Everything beneath ``top`` that an undo must bring back."""
    seen: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            found = os.lstat(path)
            content: object = None
            if stat.S_ISREG(found.st_mode):
                content = Path(path).read_bytes()
            elif stat.S_ISLNK(found.st_mode):
                content = os.readlink(path)
            xattrs = {
                key: os.getxattr(path, key, follow_symlinks=False) for key in os.listxattr(path, follow_symlinks=False)
            }
            flags = held(_HERE, path)
            seen[os.path.relpath(path, top)] = (found.st_mode, found.st_uid, found.st_gid, xattrs, flags, content)
    return seen


def judge(case: Case, host: Host) -> Scan:
    """Scan with the checks of the case's areas."""
    if case.for_engine:
        major, minor, patch = map(int, case.for_engine.split("."))
        after = EngineVersion(text=case.for_engine, release=(major, minor, patch), source="--for-engine")
        ids = dependent(CATALOG, CATALOG.choose(case.select, ()))
        return suppose(host, CATALOG, ids, after, deep=True).scan
    return scan(host, CATALOG, CATALOG.choose(case.select, ()), deep=True)


def whole(host: Host) -> set[str]:
    """Fingerprints of all findings of all checks that would change an exit code."""
    found = scan(host, CATALOG, CATALOG.choose((), ()), deep=True)
    return {finding.fingerprint for finding in found.findings if finding.level > 1}


@pytest.mark.parametrize("case", BY_NAME)
def test_a_case_has_exactly_its_findings(case: Case, tmp_path: Path) -> None:
    """No finding more, none less, no check that fails on the way, and the host is as it was."""
    host = case.build(tmp_path / "host")
    before = tree(tmp_path / "host")
    found = judge(case, host)
    assert tree(tmp_path / "host") == before
    errors = [(outcome.id, outcome.reason) for outcome in found.outcomes if outcome.result is Result.ERROR]
    seen = sorted((finding.id, finding.subject.kind, finding.subject.name) for finding in found.findings)
    assert seen == case.findings, case.about
    assert case.severities.items() <= {finding.id: finding.level.name.lower() for finding in found.findings}.items()
    texts = [text for one in found.findings for text in (one.message, one.fix.summary if one.fix else "")]
    assert [text for text in texts if SLIPS.search(text)] == []
    assert [text for text in texts if redact(text) != text] == [], "a word of it is masked as a secret when it is shown"
    if "incomplete" not in case.name.rpartition("/")[2]:
        assert errors == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.findings])
def test_a_finding_says_whether_doctor_can_repair_it(case: Case, tmp_path: Path) -> None:
    """``expect.fix`` is what the findings of the case's own check say of their fix."""
    found = judge(case, case.build(tmp_path / "host"))
    own = [finding for finding in found.findings if finding.id == case.check] or list(found.findings)
    for finding in own:
        if case.fix == "none":
            assert finding.fix is None
        elif case.fix == "manual":
            assert finding.fix is not None
            assert finding.fix.applicability is Applicability.MANUAL
        else:
            assert finding.fix is not None
            assert finding.fix.applicability < Applicability.MANUAL


def plan_for(case: Case, host: Host) -> Plan:
    wanted = CATALOG.choose(tuple({identity for identity, _, _ in case.findings}), ())
    return make_plan(host, CATALOG, CATALOG.choose((), ()), wanted=wanted, allow=Applicability.DESTRUCTIVE, deep=True)


def changed_data(plan: Plan, top: Path) -> list[str]:
    """Paths of steps that would change what users wrote: in volumes and in containers' writable layers."""
    writable = [
        os.path.join(data_root, "overlay2", mount.read_text(errors="replace").strip(), "diff")
        for data_root in plan.data_roots
        for mount in top.joinpath(data_root.lstrip("/")).glob("image/overlay2/layerdb/mounts/*/mount-id")
        if mount.is_file() and mount.read_text(errors="replace").strip()
    ]
    paths = [
        path
        for action in plan.actions
        for step in action.steps
        for path in (getattr(step, "path", ""), getattr(step, "to", ""))
        if path
    ]
    return [
        path
        for path in paths
        if re.search(r"/volumes/[^/]+/_data(/|$)", path)
        or any(path == layer or path.startswith(f"{layer}/") for layer in writable)
    ]


@pytest.mark.parametrize("case", FAILING)
def test_the_plan_resolves_the_case_and_causes_nothing_new(case: Case, tmp_path: Path) -> None:
    """On the prediction, the case's findings are gone and no check finds anything that was not there."""
    host = case.build(tmp_path / "host")
    before = whole(host)
    plan = plan_for(case, host)
    left = {(finding.id, finding.subject.kind, finding.subject.name) for finding in plan.after.findings}
    assert plan.actions, [manual.why for manual in plan.manual]
    assert changed_data(plan, tmp_path / "host") == []
    assert not left & set(case.findings)
    new = [f for f in plan.after.findings if f.fingerprint not in before and f.level > 1]
    assert [(finding.id, finding.message) for finding in new] == []
    assert costs_that_differ(plan) == []


def costs_that_differ(plan: Plan) -> list[tuple[str, str, str, str]]:
    """Findings whose repair costs one thing in the scan and another in the plan: one function judges both.

    What the scan leaves to a person may be proven by the repair of something else; the plan alone knows.
    """
    found = []
    for finding in plan.before.findings:
        shown = finding.fix.applicability if finding.fix is not None else Applicability.MANUAL
        judged = plan.judged.get(finding.fingerprint, shown)
        if shown not in {judged, Applicability.MANUAL}:
            found.append((finding.id, finding.subject.name, shown.word, judged.word))
    return found


def under_an_engine(case: Case, where: Path) -> RootHost:
    """The case's host with a dockerd that runs on it and answers."""
    case.build(where)
    recorded = case.answers()
    dockerd = Process(
        pid=700, ppid=1, start_ticks=1, state="S", comm="dockerd", exe="/usr/sbin/dockerd", argv=("dockerd",)
    )
    answers = {
        "/version": ApiAnswer(200, b'{"Version":"26.1.5","ApiVersion":"1.45","MinAPIVersion":"1.24"}'),
        "/info": ApiAnswer(200, b'{"Driver":"overlay2","LoggingDriver":"json-file"}'),
        "/_ping": ApiAnswer(200, b"OK"),
    }
    return RootHost(str(where), replace(recorded, live=True, processes=(dockerd,), engine=answers))


DISKS = [case for case in CASES if case.findings and case.fix == "resolved" and not case.answers().live]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in DISKS[:: max(1, len(DISKS) // 30)]])
def test_scan_and_plan_agree_on_the_cost_under_a_running_engine(case: Case, tmp_path: Path) -> None:
    """A write below a data root that an engine holds stops it: disruptive in both, and never safe in one."""
    host = under_an_engine(case, tmp_path / "host")
    plan = plan_for(case, host)
    assert costs_that_differ(plan) == []
    tops = plan.data_roots
    for action in plan.actions:
        if any(is_beneath(getattr(step, "path", ""), top) for step in action.steps for top in tops):
            assert action.risk >= Applicability.DISRUPTIVE, action.summary


@pytest.mark.parametrize("case", FAILING)
def test_applied_is_as_predicted_and_undo_restores_every_byte(
    case: Case, tmp_path: Path, state_dir: Path, quiet: Callable[[str], None]
) -> None:
    """The result equals the prediction; a second plan is empty; undo restores the tree."""
    host = case.build(tmp_path / "host")
    plan = plan_for(case, host)
    steps = [step for action in plan.actions for step in action.steps]
    if any(isinstance(step, Run | Signal | Netlink) for step in steps):
        # Commands can't run on a recorded host (live tests apply these plans): the prediction must need no second plan.
        predicted = OverlayHost(host)
        for step in steps:
            predicted.apply(step)
        assert [action.summary for action in plan_for(case, predicted).actions] == []
        return
    broken = tree(tmp_path / "host")
    record = to_record(plan, host.root, "run", deep=True)
    done = apply(record, host, CATALOG, prove=lambda _: (), progress=quiet)
    assert done.error == ""
    for path, content in case.after.items():
        assert (tmp_path / "host" / path).read_bytes() == content
    after = scan(RootHost(host.root, case.answers()), CATALOG, plan.check_ids, deep=True)
    assert {f.fingerprint for f in after.findings} == {f.fingerprint for f in plan.after.findings}
    second = plan_for(case, RootHost(host.root, case.answers()))
    assert [action.summary for action in second.actions] == []
    run = find_run("run")
    undo.undo(run, undo.prepare(run, host), progress=quiet)
    assert tree(tmp_path / "host") == broken


def test_a_step_in_what_users_wrote_is_noticed(tmp_path: Path) -> None:
    """A plan that would change a volume's file, or one in a container's own layer."""
    mount = tmp_path / "var/lib/docker/image/overlay2/layerdb/mounts/c1/mount-id"
    mount.parent.mkdir(parents=True)
    mount.write_text("layer1\n")
    data, own = "/var/lib/docker/volumes/db/_data/ibdata1", "/var/lib/docker/overlay2/layer1/diff/result"
    others = "/var/lib/docker/volumes/db/opts.json", "/var/lib/docker/overlay2/layer2/diff/etc"
    steps = tuple(Move(path=path, to="") for path in (data, own, *others))
    plan = SimpleNamespace(data_roots=("/var/lib/docker",), actions=(SimpleNamespace(steps=steps),))
    assert changed_data(plan, tmp_path) == [data, own]  # type: ignore[arg-type]


def test_every_check_has_a_failing_and_a_passing_case() -> None:
    """A check without both could be one that never fires, or one that always does."""
    failing = {identity for case in CASES for identity, _, _ in case.findings}
    passing = {case.check for case in CASES if case.check not in {identity for identity, _, _ in case.findings}}
    missing = [identity for identity in CATALOG.checks if identity not in failing or identity not in passing]
    assert missing == []


def test_a_problem_has_one_form_of_cases() -> None:
    """Folders, or stories in Python: whoever looks for a case knows where it is."""
    folders = {path.parents[1].relative_to(HERE).as_posix() for path in HERE.glob("*/*/*/case.toml")}
    in_folders = {case.name for case in CASES if (HERE / case.name / "case.toml").exists()}
    stories = {case.name.rpartition("/")[0] for case in CASES if case.name not in in_folders}
    assert stories
    assert stories & folders == set()
