"""The main job on a throw-away host: `sudo .venv/bin/python -m tests.demo`.

A box with a real dockerd is broken as in the operator's notes: a power cut leaves truncated files in /var/lib/docker, and
`/etc/sysconfig/docker` asks for journald, so dockerd does not start; the next day, under a running dockerd, a hardening file
turns forwarding off and the firewall rules are flushed. Each time the installed `doctor` scans, explains, repairs and
proves, and dockerd itself is asked what it thinks; at the end both repairs are undone. The exit code is 0 only if
every step ended as it should. Nothing outside the box is changed but the HTML report that is written at the end.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.hosts import config_faults, faults, judge, state_faults
from tests.hosts.box import Box, why_not
from tests.hosts.fault import fault
from tests.hosts.patient import patient
from tests.hosts.sandbox import SandboxError

DAEMON_JSON = """\
{
    "log-opts": {"max-size": "10m", "max-file": "3"}
}
"""
HARDENING = "/etc/sysctl.d/99-hardening.conf"
NIGHT = (
    "demo/tag-interrupted",
    "state/layer-cache-id-empty",
    "state/overlay2-links-gone",
    "state/network-db-nul",
    "state/volume-opts-nul",
    "logging/sysconfig-journald",
)
NEXT_DAY = ("forward/file-off", "firewall/ruleset-flushed")

TORN = ("repositories", "layer-cache-id", "network-db", "volume-opts")
"""Families of `state_faults` that the night touches; links and settings are looked at besides."""

Bytes = dict[str, bytes | None]


@fault("demo/tag-interrupted")
def tag_interrupted(box: Box, random: Random) -> str:
    """The power went while dockerd noted a new name: the new list is whole and not yet in place, the old one is cut.

    dockerd writes the list beside the old one, syncs it and renames it (moby: pkg/ioutils/fswriters.go), so the new one
    is whole or not there at all.
    """
    path = box.data_root / state_faults.FAMILIES["repositories"]
    beside = path.with_name(f".tmp-{path.name}{random.randrange(10**9)}")
    shutil.copy2(path, beside)
    os.truncate(path, random.randrange(1, path.stat().st_size - 1))
    return f"{path.name} cut to {path.stat().st_size} bytes, {beside.name} beside it"


@dataclass(slots=True)
class Story:
    """Prints what happens, as a terminal shows it, and records failures."""

    box: Box
    colour: bool
    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """Begin a new part."""
        print(f"\n{self._paint('1;36', f'== {title}')}", flush=True)

    def say(self, text: str) -> None:
        """One line of narration."""
        print(self._paint("2", f"# {text}"), flush=True)

    def prompt(self, *argv: str) -> None:
        """Echo a command as its user types it."""
        print(f"{self._paint('1;32', 'root@box')}:~# {self._paint('1', shlex.join(argv))}", flush=True)

    def doctor(self, *arguments: str, expect: int) -> None:
        """Run the installed doctor, its output on this terminal, and compare the exit code."""
        self.prompt("doctor", *arguments)
        done = self.box.run(
            [self.box.doctor_path, *arguments], check=False, timeout=300, show=True, env=self._terminal()
        )
        good = done.returncode == expect
        print(
            self._paint("2" if good else "1;31", f"[exit {done.returncode}{'' if good else f', expected {expect}'}]"),
            flush=True,
        )
        self.check(good, f"'doctor {shlex.join(arguments)}' ended with {done.returncode}, not {expect}")

    def shell(self, command: str) -> str:
        """Run a shell line inside and show what it prints."""
        print(f"{self._paint('1;32', 'root@box')}:~# {self._paint('1', command)}", flush=True)
        done = self.box.run(["sh", "-c", command], check=False)
        text = (done.stdout + done.stderr).rstrip()
        if text:
            print(text, flush=True)
        return text

    def check(self, good: bool, what: str) -> None:
        """Note what is not as it should be."""
        if not good:
            self.wrong.append(what)
            print(self._paint("1;31", f"WRONG: {what}"), flush=True)

    def _terminal(self) -> dict[str, str]:
        return {"TERM": "xterm-256color"} if self.colour else {"NO_COLOR": "1"}

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def healthy(story: Story) -> judge.Opinion:
    """A host in daily use: dockerd runs, doctor has seen it well."""
    story.chapter("A healthy host")
    story.box.write(config_faults.DAEMON_JSON, DAEMON_JSON)
    story.box.start_dockerd(settings=True)
    story.shell("docker ps -a --format 'table {{.Names}}\\t{{.Image}}\\t{{.Status}}\\t{{.Ports}}'")
    story.doctor("scan", "--quiet", "--fail-on", "error", expect=0)
    opinion = judge.opinion(story.box)
    story.say(f"port 8080 answers {opinion.ports['8080']!r}, containers reach outside as {opinion.egress['web']}")
    return opinion


def night(story: Story, seed: int) -> Bytes:
    """A power cut, and a setting that nobody remembers; returns the broken files, to compare them after the undo."""
    story.chapter("The night: a power cut")
    story.box.power_loss(network=True)
    for name in NIGHT:
        faults.inject(story.box, name, seed)
    story.prompt("service", "docker", "start")
    try:
        story.box.start_dockerd(settings=True)
    except SandboxError as error:
        print(str(error).strip().splitlines()[-1], flush=True)
    else:
        story.check(False, "dockerd starts in spite of the faults")
    return torn_files(story.box)


def torn_files(box: Box) -> Bytes:
    """The bytes of every file that the night touched; None for what isn't there."""
    root = box.data_root
    paths = [path for family in TORN for path in root.glob(state_faults.FAMILIES[family])]
    kept: Bytes = {str(path.relative_to(root)): path.read_bytes() for path in paths}
    for inside in (config_faults.SYSCONFIG, config_faults.DAEMON_JSON):
        kept[inside] = box.path(inside).read_bytes() if box.exists(inside) else None
    links = root / "overlay2/l"
    kept["overlay2/l"] = "\n".join(sorted(p.name for p in links.iterdir())).encode() if links.is_dir() else None
    return kept


def repair(story: Story) -> None:
    """Scan, plan, repair, and scan again."""
    story.chapter("doctor looks")
    story.doctor("scan", expect=1)
    story.chapter("doctor says what it would do")
    story.doctor("fix", "--allow", "disruptive", expect=1)
    story.chapter("doctor repairs, and proves it")
    story.doctor("fix", "--apply", "--yes", "--allow", "disruptive", expect=0)
    story.doctor("scan", "--fail-on", "error", expect=0)


def ask_dockerd(story: Story, before: judge.Opinion) -> None:
    """Compare dockerd's own opinion with that of the healthy host."""
    story.chapter("dockerd's own opinion")
    if not _runs(story):
        return
    story.shell("docker images; docker ps -a --format 'table {{.Names}}\\t{{.Image}}\\t{{.Status}}\\t{{.Ports}}'")
    differences = judge.differences(before, judge.opinion(story.box))
    story.say("images, files, containers, volumes, ports, egress and names compared with the healthy host")
    for difference in differences:
        story.check(False, difference)
    if not differences:
        story.say("no difference")


def next_day(story: Story, seed: int) -> Bytes:
    """Break a running host like colleagues do; return the result."""
    story.chapter("The next day: a hardening script, and a restart of the firewall")
    for name in NEXT_DAY:
        faults.inject(story.box, name, seed)
    story.shell("cat /proc/sys/net/ipv4/ip_forward; iptables -t nat -S POSTROUTING")
    for name, seen in judge.egress(story.box).items():
        story.say(f"container {name} reaches outside: {seen}")
        story.check(seen.startswith("failed"), f"container {name} reaches outside without rules")
    return network_state(story.box)


def network_state(box: Box) -> Bytes:
    """Forwarding, its file, and the firewall rules without their counters."""
    rules = box.run(["sh", "-c", "iptables-save; ip6tables-save"]).stdout
    kept = [line.split(" [")[0] for line in rules.splitlines() if not line.startswith("#")]
    # Empty tables and chains may appear by being asked for.
    wanted = [line for line in kept if line.startswith("-A ")]
    file = box.path(HARDENING)
    return {
        "firewall rules": "\n".join(wanted).encode(),
        "net.ipv4.ip_forward": box.read("/proc/sys/net/ipv4/ip_forward").encode(),
        HARDENING: file.read_bytes() if file.exists() else None,
    }


def _runs(story: Story) -> bool:
    """Start dockerd as its user would, where the repair left that to them."""
    if story.box.engine_answers():
        return True
    story.prompt("service", "docker", "start")
    try:
        story.box.start_dockerd(settings=True)
    except SandboxError as error:
        print(str(error).strip().splitlines()[-1], flush=True)
        story.check(False, "dockerd does not start after the repair")
        return False
    return True


def undo_repair(story: Story, broken: Bytes, look: Callable[[Box], Bytes]) -> None:
    """Undo the last repair: what was broken is so again, byte for byte."""
    story.doctor("undo", "--yes", expect=0)
    now = look(story.box)
    changed = sorted(name for name in broken.keys() | now.keys() if now.get(name) != broken.get(name))
    story.check(not changed, f"not as before the repair: {', '.join(changed)}")
    if not changed:
        story.say(f"{len(broken)} files and values are byte for byte as they were before the repair")


def tell(make: Callable[[Box], Story], seed: int, report: Path) -> int:
    """The whole story; returns the exit code."""
    with Box(data_root=patient()) as box:
        story = make(box)
        before = healthy(story)
        torn = night(story, seed)
        repair(story)
        ask_dockerd(story, before)
        if box.engine_answers():
            began = judge.started(box)
            flushed = next_day(story, seed)
            repair(story)
            ask_dockerd(story, before)
            story.check(judge.started(box) == began, "a container was restarted for a repair that doesn't need it")
            write_report(story, report)
            story.chapter("doctor takes both repairs back")
            undo_repair(story, flushed, network_state)
        undo_repair(story, torn, torn_files)
        story.doctor("scan", "--quiet", expect=1)
    story.chapter(f"Done in {time.monotonic() - story.began:.0f} s")
    for wrong in story.wrong:
        print(f"WRONG: {wrong}")
    if report.exists():
        print(f"The HTML report: {report}")
    return 1 if story.wrong else 0


def write_report(story: Story, report: Path) -> None:
    """The page about the last scan, copied out of the box."""
    story.chapter("A page for a colleague")
    story.doctor("report", "-o", "/root/report.html", expect=0)
    if story.box.exists("/root/report.html"):
        report.write_bytes(story.box.path("/root/report.html").read_bytes())


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="doctor on a throw-away broken host")
    parser.add_argument("--seed", type=int, default=1, help="which files are truncated (default 1)")
    parser.add_argument(
        "--report", type=Path, help="where the HTML report goes (default: the directory for temporary files)"
    )
    arguments = parser.parse_args()
    reason = why_not()
    if reason:
        print(f"the demo can't run here: {reason}", file=sys.stderr)
        return 2
    report = arguments.report or Path(tempfile.gettempdir()) / f"doctor-demo-{time.strftime('%Y%m%d-%H%M%S')}.html"
    report.unlink(missing_ok=True)
    return tell(lambda box: Story(box, sys.stdout.isatty()), arguments.seed, report.absolute())


if __name__ == "__main__":
    sys.exit(main())
