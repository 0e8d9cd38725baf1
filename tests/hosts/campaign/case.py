"""One corrupt root, one way to treat it: the box, the damage, the repair, and what dockerd then says."""

import json
import subprocess
import time

from msgspec import Struct

from tests.hosts import archive
from tests.hosts.box import Box
from tests.hosts.campaign.damage import Fault, choose, damage, user_data
from tests.hosts.campaign.reference import STATE, Reference
from tests.hosts.campaign.verdict import Verdict, verdict
from tests.hosts.sandbox import SandboxError

ARMS = {
    "nothing": "dockerd started on it",
    "doctor": "`doctor fix`",
    "scanned": "`doctor fix` after a healthy scan",
    "deep": "`doctor fix --deep` after a healthy scan",
}
_MOUNT_POINTS = frozenset(
    "dev dev/console dev/pts dev/shm etc etc/hosts etc/hostname etc/resolv.conf etc/mtab proc sys .dockerenv".split()  # noqa: SIM905
)


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of one case.

    Attributes:
        count: faults at once, with ``seed`` and ``arm`` (a key of `ARMS`): what repeats it.
        faults: the damaged files.
        seconds: of the repair; 0 without one.
        code: exit code of the repair.
        output: what the repair printed, or dockerd's last words.
        verdict: what dockerd says; only `engine: down` when it does not run.
        touched: files of layers, writable layers and volumes that the repair changed, and not to what they were.
        left: message of each finding that is left, by its id.
    """

    count: int
    seed: int
    arm: str
    faults: list[Fault]
    seconds: float = 0
    code: int = 0
    output: str = ""
    verdict: Verdict
    touched: list[str] = []
    left: dict[str, list[str]] = {}

    @property
    def up(self) -> bool:
        """Does the engine run."""
        return self.verdict["engine"] == "up"


def run(healthy: Reference, count: int, seed: int, arm: str) -> Outcome:
    """Do one case."""
    with Box(data_root=healthy.root) as box:
        top = box.workdir / "docker"
        whole = user_data(top)
        faults = damage(top, choose(top, count, seed), count, seed)
        torn = user_data(top)
        seconds, done = 0.0, None
        if arm != "nothing":
            seconds, done = _repair(box, arm, healthy)
        touched = [] if done is None else _touched(whole, torn, user_data(top))
        words = "" if done is None else done.stdout + done.stderr
        by_hand = not box.engine_answers()
        if by_hand:
            words += _start(box)
        said = verdict(box, healthy.images) if box.engine_answers() else {"engine": "down"}
        if by_hand and arm != "nothing" and said["engine"] == "up":
            said["engine"] = "up by hand"
        left = _left(box) if done is not None and lost(healthy.verdict, said) else {}
    return Outcome(
        count=count,
        seed=seed,
        arm=arm,
        faults=faults,
        seconds=round(seconds, 2),
        code=done.returncode if done else 0,
        output=words,
        verdict=said,
        touched=touched,
        left=left,
    )


def wiped(healthy: Reference) -> Verdict:
    """Return the verdict of dockerd on an empty data root, the usual advice."""
    with Box() as box:
        box.start_dockerd()
        return verdict(box, healthy.images)


def _repair(box: Box, arm: str, healthy: Reference) -> tuple[float, subprocess.CompletedProcess[str]]:
    if arm != "doctor":
        directory = box.path(STATE)
        directory.mkdir(mode=0o700, exist_ok=True)
        archive.unpack(healthy.state, directory)
    started = time.monotonic()
    deep = ["--deep"] if arm == "deep" else []
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *deep)
    return time.monotonic() - started, done


def _start(box: Box) -> str:
    """Start dockerd as a person would; its last words when it does not come up."""
    try:
        box.start_dockerd(timeout=25)
    except SandboxError as error:
        return str(error)
    return ""


def _touched(whole: dict[str, str], torn: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return files that are neither as damaged nor as before, except the empty mount points that the engine creates at a start."""
    names = {name for name in torn.keys() | after.keys() if after.get(name) not in {torn.get(name), whole.get(name)}}
    return sorted(name for name in names if name in torn or name.partition("/diff/")[2] not in _MOUNT_POINTS)


def _left(box: Box) -> dict[str, list[str]]:
    done = box.doctor("scan", "--format", "json")
    left: dict[str, list[str]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        left.setdefault(finding["id"], []).append(finding["message"])
    return left


def lost(healthy: Verdict, said: Verdict) -> list[str]:
    """Names of what dockerd said of the healthy patient and does not say now."""
    return sorted(name for name, value in healthy.items() if said.get(name) != value)


def repeat(outcome: Outcome) -> str:
    """The command that repeats a case and shows it."""
    return f"python -m tests.hosts.campaign --faults {outcome.count} --seed {outcome.seed} --arm {outcome.arm}"
