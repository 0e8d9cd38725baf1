"""The hosts that scans are measured on: a box with a real dockerd on a generated data root, and a mounted disk."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.dataroot import Size
from benchmarks.measure import Command, Sample, from_answer, to_order
from tests.hosts.box import Box

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
DOCTOR = str(CHECKOUT / ".venv/bin/doctor")
_DAEMON_JSON = '{\n  "log-driver": "json-file",\n  "log-opts": {"max-size": "10m", "max-file": "3"}\n}\n'
_OS_RELEASE = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'


def scan(name: str, *arguments: str, state: str = "") -> Command:
    """`doctor scan` with these arguments, proven first to give a report: a traceback also exits with 1.

    Findings are no failure, as a made-up host may well have some; nor is an incomplete scan (3).

    Args:
        name: in the table.
        arguments: after `scan`.
        state: where doctor shall keep its own files; default: where it does on the host.
    """
    argv = (DOCTOR, "scan", *arguments)
    return Command(
        name=name,
        argv=argv,
        exits=(0, 1, 3),
        env=(("DOCTOR_STATE_DIR", state),) if state else (),
        proof=(*argv, "--format", "json"),
        says='"outcomes"',
    )


def write_data_root(directory: Path, size: Size, *, big: int = 0) -> None:
    """Generate a data root in a process of its own, so that the measuring one stays small."""
    order = [PYTHON, "-m", "benchmarks.dataroot", str(directory), f"--big={big}"]
    order += [f"--{name}={getattr(size, name)}" for name in ("images", "layers", "containers", "volumes", "networks")]
    subprocess.run(order, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def box_with(size: Size, *, is_running: bool) -> Iterator[Box]:
    """A box on a data root of that size, its dockerd up and answering when `is_running`."""
    with Box() as box:
        write_data_root(box.workdir / "docker", size)
        box.write("/etc/docker/daemon.json", _DAEMON_JSON)
        if is_running:
            box.start_dockerd(timeout=120)
        yield box


def measure_in(box: Box, commands: Sequence[Command], rounds: int) -> dict[str, list[Sample] | str]:
    """Measure inside the box, with a harness that runs there."""
    harness = [PYTHON, "-m", "benchmarks.measure"]
    environment = {"PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}
    answer = box.run(harness, input=to_order(commands, rounds), env=environment, cwd="/", timeout=None)
    return from_answer(answer.stdout)


def measure_here(commands: Sequence[Command], rounds: int) -> dict[str, list[Sample] | str]:
    """Measure on this machine, with a harness in a small process of its own."""
    harness = [PYTHON, "-m", "benchmarks.measure"]
    order = to_order(commands, rounds)
    answer = subprocess.run(harness, input=order, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    return from_answer(answer.stdout)


@contextlib.contextmanager
def mounted_disk(size: Size) -> Iterator[Path]:
    """A directory like the root of another machine's disk, with a data root of that size, for `--root`."""
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        root = Path(name, "disk")
        for folder in ("etc/docker", "var/lib", "run", "usr/lib"):
            (root / folder).mkdir(parents=True)
        (root / "etc/os-release").write_text(_OS_RELEASE)
        (root / "etc/docker/daemon.json").write_text(_DAEMON_JSON)
        write_data_root(root / "var/lib/docker", size)
        yield root


def metadata_files(root: Path) -> int:
    """How many files a scan of metadata may open: everything but the content of layers, containers and volumes."""
    data = root / "var/lib/docker"
    count = sum(1 for path in data.glob("image/**/*") if path.is_file())
    count += sum(1 for path in data.glob("containers/*/*") if path.is_file())
    count += sum(1 for path in data.glob("overlay2/*/*") if path.is_file())
    return count + sum(1 for _ in data.glob("overlay2/l/*"))
