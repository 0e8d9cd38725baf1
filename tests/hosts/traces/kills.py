"""Kills traces and probes at random instants, and looks for what they left: instances of tracefs and their notes, tables, rules,
devices, namespaces, processes.

Run by hand: ``python -m tests.hosts.traces.kills [TIMES] [SEED]``.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from random import Random

from doctor.host.trace.tracefs import Tracefs
from tests.hosts.box import Box
from tests.hosts.images import base_tar

_RECORDING_S = 0.25
_PATIENCE_S = 4.0
_SCRIPT = 'echo $$ >/run/trace.pid; exec "$0" probe "$@"'
_NETWORK_PROBES = ("dns", "egress", "port")
_BELOW = 'below() { for one in $(pgrep -P "$1"); do below "$one"; echo "$one"; done; };'
_LEFT = """
nft list tables | grep doctor_
iptables-save | grep -i doctor
ip -o link | grep ': doctor'
ls -d /run/doctor-trace/doctor.*
find /sys/fs/cgroup -path '*doctor-runtime/*' -type d
pgrep -f '[d]octor/runtime'
tc qdisc show dev eth0 | grep clsact
"""


def kill_one(box: Box, seconds: float, arguments: tuple[str, ...], *, with_janitor: bool, recording: bool) -> bool:
    """Start a trace or a probe in the box, and kill it after this time, counted from its start or from when it has an instance;
    everything that it started too, if asked. Return whether it had an instance.
    """
    box.write("/run/trace.pid", "")
    box.start(["setsid", "sh", "-c", _SCRIPT, box.doctor_path, *arguments])
    deadline = time.monotonic() + 5
    while not (pid := box.read("/run/trace.pid").strip()) and time.monotonic() < deadline:
        time.sleep(0.002)
    while recording and not _in_use() and time.monotonic() < deadline:
        time.sleep(0.0005)
    time.sleep(seconds)
    # Stopped first, so that its children and its instance are those of the instant.
    box.run(["sh", "-c", 'kill -STOP "$1"; true', "stop", pid])
    had = _in_use()
    children = '$(below "$1")' if with_janitor else ""
    box.run(["sh", "-c", f'{_BELOW} kill -KILL {children} "$1"; true', "kill", pid])
    return had


def _in_use() -> bool:
    tracefs = Tracefs()
    found = bool(set(tracefs.instances()) - set(tracefs.dead()))
    tracefs.close()
    return found


def left(box: Box) -> list[str]:
    """Return what is left: dead instances and notes, tables, rules, devices, control groups and processes of doctor."""
    tracefs = Tracefs()
    found = list(tracefs.dead())
    tracefs.close()
    return found + box.run(["sh", "-c", _LEFT], check=False).stdout.splitlines()


def settle(look: Callable[[], list[str]]) -> list[str]:
    """Return what is still left after some time: the kernel removes namespaces, and the janitor instances, a little later."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def run(box: Box, times: int, seed: str, longest: float = 0.0) -> tuple[list[str], int, int]:
    """Kill traces so many times; return what was left, how many had an instance when they were killed, and how many were
    killed with their janitor and left it to the next trace or probe, which must remove it. ``longest`` is how long one takes, 0
    to measure it.
    """
    random = Random(seed)
    longest = longest or _took(box, "--trace", "aa", "203.0.113.77")
    bad: list[str] = []
    swept = caught = 0
    targets = (("aa", "198.51.100.2:80"), ("aa", "outside:8080"), ("aa", "203.0.113.77"), ("host", "aa:80"))
    for number in range(times):
        with_janitor, recording = number % 3 == 2, number % 4 != 0
        seconds = random.uniform(0, _RECORDING_S) if recording else random.uniform(0.1 * longest, longest)
        arguments = ("--trace", *targets[number % len(targets)])
        caught += kill_one(box, seconds, arguments, with_janitor=with_janitor, recording=recording)
        sweeper = ("limits",) if number % 2 else ("--trace", "host", "aa:80")
        found, was_left = _swept(box, sweeper) if with_janitor else (settle(lambda: left(box)), False)
        swept += was_left
        if found:
            bad.append(f"{number}: after {seconds:.3f} s: {found}")
    return bad, caught, swept


def run_probes(box: Box, times: int, seed: str) -> tuple[list[str], int]:
    """Kill probes of the network so many times; return what was left, and how many were killed with everything that they
    started and left it to the next probe, which must remove it.
    """
    random = Random(seed)
    longest = _took(box, *_NETWORK_PROBES)
    bad: list[str] = []
    swept = 0
    for number in range(times):
        with_janitor = number % 2 == 1
        seconds = random.uniform(0.1 * longest, longest)
        kill_one(box, seconds, _NETWORK_PROBES, with_janitor=with_janitor, recording=False)
        found, was_left = _swept(box, _NETWORK_PROBES) if with_janitor else (settle(lambda: left(box)), False)
        swept += was_left
        if found:
            bad.append(f"probe {number}: after {seconds:.3f} s: {found}")
    return bad, swept


def _took(box: Box, *arguments: str) -> float:
    begin = time.monotonic()
    box.doctor("probe", *arguments)
    return time.monotonic() - begin


def _swept(box: Box, sweeper: tuple[str, ...]) -> tuple[list[str], bool]:
    """Return what is left after the next run of doctor, and whether there was anything before."""
    if not settle(lambda: left(box)):
        return [], False
    box.doctor("probe", *sweeper)
    return settle(lambda: left(box)), True


def main(arguments: list[str]) -> int:
    """Run in a box of its own; return how many traces left something."""
    times = int(arguments[0]) if arguments else 40
    seed = arguments[1] if len(arguments) > 1 else str(int.from_bytes(os.urandom(3), "big"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Box() as box:
        box.start_dockerd()
        box.docker("import", "-", "bb:1", input=base_tar())
        box.docker(
            "run", "-d", "--name", "aa", "-p", "8080:80", "--stop-timeout", "1", "bb:1", "httpd", "-f", "-p", "80"
        )
        bad, caught, swept = run(box, times, seed)
        worse, removed = run_probes(box, times // 2, seed)
    print("\n".join((*bad, *worse)))
    print(
        f"seed {seed}: {times} traces killed, {caught} of them with an instance; {len(bad)} left something; {swept} were removed by the next trace or probe"
    )
    print(
        f"seed {seed}: {times // 2} probes killed; {len(worse)} left something; {removed} were removed by the next probe"
    )
    return len(bad) + len(worse)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
