"""Kills traces at random instants, and looks for what they left: instances of tracefs, tables, devices.

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
_PATIENCE_S = 2.0
_SCRIPT = 'echo $$ >/run/trace.pid; exec "$0" probe --trace "$@"'


def kill_one(box: Box, seconds: float, arguments: tuple[str, ...], *, with_janitor: bool, recording: bool) -> bool:
    """Start a trace in the box, and kill it after this time, counted from its start or from when it has an instance; its
    janitor too, if asked. Return whether it had an instance.
    """
    box.write("/run/trace.pid", "")
    box.start(["sh", "-c", _SCRIPT, box.doctor_path, *arguments])
    deadline = time.monotonic() + 5
    while not (pid := box.read("/run/trace.pid").strip()) and time.monotonic() < deadline:
        time.sleep(0.002)
    while recording and not _in_use() and time.monotonic() < deadline:
        time.sleep(0.0005)
    time.sleep(seconds)
    # Stopped first, so that its children and its instance are those of the instant.
    box.run(["sh", "-c", 'kill -STOP "$1"; true', "stop", pid])
    had = _in_use()
    children = f"$(grep -l '^PPid:[[:space:]]*{pid}$' /proc/[0-9]*/status | cut -d/ -f3)" if with_janitor else ""
    box.run(["sh", "-c", f'kill -KILL {children} "$1"; true', "kill", pid])
    return had


def _in_use() -> bool:
    tracefs = Tracefs()
    found = bool(set(tracefs.instances()) - set(tracefs.dead()))
    tracefs.close()
    return found


def left(box: Box) -> list[str]:
    """Return what is left: dead instances, tables of doctor, devices of doctor."""
    tracefs = Tracefs()
    found = list(tracefs.dead())
    tracefs.close()
    found += [line for line in box.run(["nft", "list", "tables"]).stdout.splitlines() if "doctor_" in line]
    found += [line for line in box.run(["ip", "-o", "link"]).stdout.splitlines() if ": doctor" in line]
    return found


def settle(look: Callable[[], list[str]]) -> list[str]:
    """Return what is still left after some time: the kernel removes namespaces, and the janitor instances, a little later."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def run(box: Box, times: int, seed: str) -> tuple[list[str], int, int]:
    """Kill traces so many times; return what was left, how many had an instance when they were killed, and how many were
    killed with their janitor and left it to the next trace, which must remove it.
    """
    random = Random(seed)
    begin = time.monotonic()
    box.doctor("probe", "--trace", "aa", "203.0.113.77")
    longest = time.monotonic() - begin
    bad: list[str] = []
    swept = caught = 0
    targets = (("aa", "198.51.100.2:80"), ("aa", "outside:8080"), ("aa", "203.0.113.77"), ("host", "aa:80"))
    for number in range(times):
        with_janitor, recording = number % 3 == 2, number % 4 != 0
        seconds = random.uniform(0, _RECORDING_S) if recording else random.uniform(0.1 * longest, longest)
        caught += kill_one(box, seconds, targets[number % len(targets)], with_janitor=with_janitor, recording=recording)
        found = settle(lambda: left(box))
        if found and with_janitor:
            swept += 1
            box.doctor("probe", "--trace", "host", "aa:80")
            found = settle(lambda: left(box))
        if found:
            bad.append(f"{number}: after {seconds:.3f} s: {found}")
    return bad, caught, swept


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
    print("\n".join(bad))
    print(
        f"seed {seed}: {times} killed, {caught} of them with an instance; {len(bad)} left something; {swept} were removed by the next trace"
    )
    return len(bad)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
