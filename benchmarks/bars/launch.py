"""A test container, beside the runtimes that people have, with the same isolation; and all probes of a host together."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.dataroot import SMALL
from benchmarks.hosts import CHECKOUT, DOCTOR, PYTHON, box_with, measure_in
from benchmarks.launch import MEMORY, PIDS, bundle_in, installed_in, root_in
from benchmarks.measure import Command, Sample, from_answer, to_order
from benchmarks.table import Bar, Section

_RUNC, _CRUN, _OURS, _TEN = "runc run", "crun run", "doctor-runtime run", "doctor-runtime batch (ten)"
_BUNDLE = "doctor-runtime run --bundle"
_PROBE = "doctor probe"
# A hybrid host's v2 hierarchy is hidden from crun, which refuses it.
_PRIVATE = 'mount --make-rprivate / && { umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"; }'


def sections(rounds: int) -> Iterator[Section]:
    """One cold container with each runtime and ten in one process of ours; then every probe in a box."""
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        samples = _measure(_commands(Path(name)), rounds)
    yield Section(
        title="A test container",
        about=(
            "Docker's default isolation around busybox's true: `benchmarks/launch.py` says what exactly, and is a finer instrument. "
            "`doctor-runtime` is the command of a wheel installed for it; `--bundle` reads the same config.json as the others. "
            "The batch is ten containers, two at a time, and the shell that opens its order."
        ),
        samples=samples,
        bars=(
            Bar(name=_OURS, figure="wall_s", most=0.6, times=_RUNC),
            Bar(name=_OURS, figure="cpu_s", most=0.45, times=_RUNC),
            Bar(name=_BUNDLE, figure="wall_s", most=0.6, times=_RUNC),
            Bar(name=_BUNDLE, figure="cpu_s", most=0.45, times=_RUNC),
            Bar(name=_TEN, figure="cpu_s", most=10, times=_CRUN),
        ),
    )
    with box_with(SMALL, is_running=True) as box:
        yield Section(
            title="All probes",
            about="Storage, images, egress, a published port, DNS, logs and limits, on the small host: the scan's facts, then one runtime process.",
            samples=measure_in(box, [Command(name=_PROBE, argv=(DOCTOR, "probe"), exits=(0, 1))], rounds),
            bars=(Bar(name=_PROBE, figure="wall_s", most=1),),
        )


def _commands(base: Path) -> list[Command]:
    root = root_in(base)
    bundle = bundle_in(base, root)
    runtime = [installed_in(base, PYTHON)]
    spec = {"rootfs": str(root), "command": ["/bin/true"], "memory_bytes": MEMORY, "pids": PIDS}
    order = base / "ten.json"
    order.write_text(json.dumps({"parallel": 2, "containers": [spec | {"id": f"b{number}"} for number in range(10)]}))
    one = ("run", "--memory", str(MEMORY), "--pids", str(PIDS), str(root), "--", "/bin/true")
    return [
        *(
            Command(name=f"{name} run", argv=(name, "run", "-b", str(bundle), f"doctor-bench-{os.getpid()}"))
            for name in ("runc", "crun")
        ),
        Command(name=_OURS, argv=(*runtime, *one)),
        Command(name=_BUNDLE, argv=(*runtime, "run", "--bundle", str(bundle))),
        Command(name=_TEN, argv=("sh", "-c", f'exec "$@" <{order}', "sh", *runtime, "batch")),
        Command(name="python -I -S -E -c pass", argv=(PYTHON, "-I", "-S", "-E", "-c", "pass")),
    ]


def _measure(commands: list[Command], rounds: int) -> dict[str, list[Sample] | str]:
    """Measure in a mount and a network namespace of its own."""
    harness = ["unshare", "--mount", "--net", "sh", "-c", _PRIVATE, "sh", sys.executable, "-m", "benchmarks.measure"]
    order = to_order(commands, rounds)
    answer = subprocess.run(harness, input=order, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    return from_answer(answer.stdout)
