"""One cut, from the healthy host to the repaired and rebooted one: what traffic says, and what doctor says."""

import json
import re
import shlex
import subprocess
import time
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.hosts.box import Box
from tests.hosts.cuts import hosts, traffic
from tests.hosts.cuts.boot import reboot
from tests.hosts.cuts.cut import PRELUDE, Cut
from tests.hosts.cuts.state import state

STAGES = ("probe", "fix", "answer", "undo", "reboot")
USUAL = ("fix", "answer", "undo", "reboot")
_MOST_ANSWERS = 3
_BROKEN = frozenset({"warning", "error", "critical"})
_LEAVES = re.compile(r"leave|keep|ignore|stay|nothing|accept|intended|none", re.IGNORECASE)
_FIX = ("fix", "--apply", "--yes", "--allow", "disruptive")


@dataclass(slots=True)
class Judged:
    """The results of one cut.

    Attributes:
        why_not: why the fault could not be made.
        dead: the kinds of traffic that it cut.
        found: ids that a plain scan reports beyond the healthy host's; `probed` likewise with probes.
        is_hop_right: whether one of them has the words of the right hop; `is_first_right` whether the first one has.
        message: of the first finding.
        left: the kinds of traffic still dead after the repair.
        answers: the options with which the questions were answered; `answered_left` the traffic still dead after that.
        same_pids: whether the containers run on with the same first process.
        rebooted: what is wrong after a boot of the repaired host: dead traffic, and ids that a scan finds.
        runs: how many repairs were kept.
        undone: lines of the network's state that the undo did not bring back.
        seconds: by stage.
    """

    cut: Cut
    why_not: str = ""
    dead: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    exits: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    is_hop_right: bool = False
    is_first_right: bool = False
    message: str = ""
    left: tuple[str, ...] | None = None
    answers: tuple[str, ...] = ()
    answered_left: tuple[str, ...] | None = None
    same_pids: bool = True
    rebooted: tuple[str, ...] | None = None
    undone: tuple[str, ...] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_healed(self) -> bool:
        """Whether all traffic flows again without a question."""
        return bool(self.dead) and self.left == ()

    @property
    def is_healed_by_answer(self) -> bool:
        """Whether all traffic flows after an answer."""
        return bool(self.dead) and self.answered_left == ()


class Judge:
    """Judges one cut after the other; a box that is healthy after its reboot serves for the next one.

    Attributes:
        engine: the version of another engine to install, "" for the machine's own.
        stages: which of STAGES are judged. Probes run without their stage where a plain scan finds nothing.
    """

    def __init__(self, engine: str = "", stages: Collection[str] = USUAL) -> None:
        self.engine = engine
        self.stages = stages
        self._stack = ExitStack()
        self._box: Box | None = None
        self._version = 0
        self._usual: list[dict[str, Any]] = []
        self._files = ""
        self._undone: set[tuple[str, ...]] = set()

    def close(self) -> None:
        """Remove the box."""
        self._box = None
        self._stack.close()
        self._stack = ExitStack()

    def judge(self, cut: Cut) -> Judged:
        """Make a healthy host, break it, scan it, repair it, boot it."""
        result = Judged(cut)
        box = self._healthy(cut, result)
        if result.why_not:
            self.close()
            return result
        try:
            is_clean = self._run(box, cut, result)
        except BaseException:
            self.close()
            raise
        if not is_clean:
            self.close()
        return result

    def _healthy(self, cut: Cut, result: Judged) -> Box:
        if self._box is not None and self._version == cut.version:
            return self._box
        self.close()
        with _Time(result, "healthy"):
            box = self._stack.enter_context(hosts.healthy(cut.version, self.engine))
            hosts.install(box, self.engine)
            hosts.settle(box, cut.version)
            box.start_dockerd()
            if still := traffic.dead(box, cut.version):
                result.why_not = f"not healthy before: {', '.join(still)}"
            else:
                self._usual = _findings(box, "scan")[1]
                self._files = _files(box)
        self._box, self._version = box, cut.version
        return box

    def _run(self, box: Box, cut: Cut, result: Judged) -> bool:
        """Judge the cut; whether the box is healthy again after it."""
        before = traffic.pids(box)
        done = box.run(["sh", "-ec", PRELUDE + cut.script], check=False)
        if done.returncode:
            result.why_not = done.stderr.strip() or f"exit {done.returncode}"
            return False
        with _Time(result, "break"):
            result.dead = traffic.dead(box, cut.version)
        if result.dead:
            with _Time(result, "scan"):
                self._scan(box, result)
            result.left = result.dead
        # Without a finding there is nothing to repair.
        if "fix" in self.stages and result.found:
            self._repair(box, result, before)
        if "reboot" not in self.stages:
            return False
        with _Time(result, "reboot"):
            return self._boot(box, result)

    def _scan(self, box: Box, result: Judged) -> None:
        known = {one["check"] for one in self._usual}
        result.exits["scan"], findings = _findings(box, "scan")
        new = [one for one in findings if one["check"] not in known or _plain(one) not in map(_plain, self._usual)]
        result.found = tuple(sorted({one["check"] for one in new}))
        rights = [bool(re.search(result.cut.hop, json.dumps(one), re.IGNORECASE)) for one in new]
        result.is_hop_right, result.is_first_right = any(rights), rights[:1] == [True]
        result.message = str(new[0].get("message", "")) if new else ""
        if "probe" in self.stages or not new:
            result.exits["probe"], findings = _findings(box, "scan", "--probe")
            result.probed = tuple(sorted({one["check"] for one in findings} - known - set(result.found)))

    def _repair(self, box: Box, result: Judged, before: dict[str, str]) -> None:
        # Equal repairs have equal undos: one of each kind is tried.
        is_new = "undo" in self.stages and result.found not in self._undone
        faulty = state(box) if is_new else frozenset()
        answers: tuple[str, ...] = ()
        with _Time(result, "fix"):
            result.exits["fix"], report = _fix(box)
            result.runs += _is_kept(report)
            result.left = _left(box, result.cut, report, result.dead)
        if result.left and "answer" in self.stages:
            with _Time(result, "answer"):
                answers = self._answer(box, result, report)
        result.same_pids = traffic.pids(box) == before
        if is_new and (result.is_healed or result.is_healed_by_answer):
            self._undone.add(result.found)
            with _Time(result, "undo"):
                self._undo(box, result, faulty, answers)

    def _answer(self, box: Box, result: Judged, report: dict[str, Any]) -> tuple[str, ...]:
        """Answer with the first candidates; where they do not heal, such as on a kernel without a module, with the next ones."""
        answers: tuple[str, ...] = ()
        for number in range(_MOST_ANSWERS):
            found = _answers(box, report, number)
            if not found or found == answers:
                break
            answers = found
            result.answers = tuple(one for one in answers if one != "--choose")
            result.exits["answer"], report = _fix(box, *answers)
            result.runs += _is_kept(report)
            result.answered_left = _left(box, result.cut, report, result.answered_left or result.left or ())
            if not result.answered_left:
                break
        return answers

    def _undo(self, box: Box, result: Judged, faulty: frozenset[str], answers: tuple[str, ...]) -> None:
        """Undo each run of the repair, compare, and repair again."""
        for _ in range(result.runs):
            result.exits["undo"] = _code(box, "undo", "--yes")
        now = state(box)
        result.undone = tuple(sorted([f"- {one}" for one in faulty - now] + [f"+ {one}" for one in now - faulty]))
        _code(box, *_FIX)
        if answers:
            _code(box, *_FIX, *answers)

    def _boot(self, box: Box, result: Judged) -> bool:
        reboot(box, result.cut.version)
        still = traffic.dead(box, result.cut.version)
        findings = _findings(box, "scan")[1]
        new = sorted({one["check"] for one in findings} - {one["check"] for one in self._usual})
        result.rebooted = (*still, *new)
        return not result.rebooted and _files(box) == self._files and "docker0" not in result.cut.script


class _Time:
    """Notes how long a stage took."""

    def __init__(self, result: Judged, name: str) -> None:
        self._result, self._name, self._begin = result, name, 0.0

    def __enter__(self) -> None:
        self._begin = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._result.seconds[self._name] = round(time.monotonic() - self._begin, 1)


def _plain(finding: dict[str, Any]) -> str:
    return json.dumps([finding.get(key) for key in ("check", "subject", "message")])


def _files(box: Box) -> str:
    """A digest of the settings of the host: a box with changed ones serves no other cut."""
    script = "find /etc -newer /etc/init.d/docker -type f ! -name resolv.conf ! -name key.json | sort | xargs -r md5sum"
    return box.run(["sh", "-c", script], check=False).stdout


def _fix(box: Box, *answers: str) -> tuple[int, dict[str, Any]]:
    """Repair; the exit code, and the report or nothing when it took too long."""
    try:
        done = box.doctor(*_FIX, *answers, "--format", "json", timeout=240)
        return done.returncode, json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return -1, {}
    except ValueError:
        return done.returncode, {}


def _is_kept(report: dict[str, Any]) -> bool:
    """Whether a repair did something that was not rolled back."""
    return any(one.get("result") == "done" for one in report.get("actions", ()))


def _left(box: Box, cut: Cut, report: dict[str, Any], before: tuple[str, ...]) -> tuple[str, ...]:
    """The traffic dead after a repair: as before, if that had nothing to do."""
    return before if report.get("actions") == [] else traffic.dead(box, cut.version)


def _answers(box: Box, report: dict[str, Any], number: int) -> tuple[str, ...]:
    """The options that answer each question with a candidate that repairs: that of this number, or the last one.

    The questions are asked again if something was repaired, or answered.
    """
    if number or report.get("actions") != []:
        try:
            report = json.loads(box.doctor("fix", "--format", "json", "--allow", "disruptive", timeout=180).stdout)
        except (ValueError, subprocess.TimeoutExpired):
            return ()
    found: list[str] = []
    for manual in report.get("manual", []):
        for question in manual.get("questions", []):
            if option := _repairing(question.get("candidates", []), number):
                found += shlex.split(option)
    return tuple(found)


def _repairing(candidates: Iterable[dict[str, Any]], number: int) -> str:
    found = [str(one.get("option", "")) for one in candidates if not _LEAVES.search(str(one.get("name", "")))]
    return found[: number + 1][-1] if found else ""


def _findings(box: Box, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the findings that count as broken."""
    try:
        done = box.doctor(*arguments, "--format", "json", timeout=180)
    except subprocess.TimeoutExpired:
        return -1, []
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return done.returncode, []
    return done.returncode, [one for one in _all(report) if one.get("severity") in _BROKEN]


def _all(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"check": one.get("check", one.get("id", "")), **one} for one in report.get("findings", [])]


def _code(box: Box, *arguments: str) -> int:
    try:
        return box.doctor(*arguments, timeout=240).returncode
    except subprocess.TimeoutExpired:
        return -1
