"""Measure the one file beside the installed command: ``python -m benchmarks.onefile [--rounds N]``, as root; writes benchmarks/ONEFILE.md."""

import argparse
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.dataroot import LARGE, SMALL
from benchmarks.hosts import CHECKOUT, DOCTOR, PYTHON, box_with, measure_here, measure_in, mounted_disk
from benchmarks.launch import MEMORY, PIDS, installed_in, root_in
from benchmarks.measure import Command
from benchmarks.run import compile_rooms
from benchmarks.table import Bar, Section
from tests.onefile import kit

_TARGET = Path(__file__).with_name("ONEFILE.md")
_HASH = """
import hashlib, sys, time
data = bytes(1 << 20)
best = 0.0
for _ in range(24):
    begin = time.perf_counter()
    hashlib.sha256(data).digest()
    best = max(best, len(data) / (time.perf_counter() - begin) / 1e6)
print(round(best))
"""
_BY_HAND = "## Tried"
_MOST = 1.1


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.onefile", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12, help="counted runs of each command, default %(default)s")
    options = parser.parse_args()
    file = kit.program()
    if file is None or os.geteuid() != 0:
        parser.error("needs root, and a built file: 'make onefile', or DOCTOR_ONEFILE")
    compile_rooms()
    file = file.resolve()
    parts = [_heading(file, options.rounds)]
    for part in (*_tables(file, options.rounds), _cold(file), _hashing(), _memory(file)):
        print(part, flush=True)
        parts.append(part)
    # The last section is written by hand.
    kept = _TARGET.read_text(encoding="utf-8").partition(_BY_HAND)[2] if _TARGET.exists() else ""
    _TARGET.write_text("\n".join((*parts, f"{_BY_HAND}{kept}")), encoding="utf-8")


def _heading(file: Path, rounds: int) -> str:
    digest = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout.split()[0]
    size = file.stat().st_size / 1e6
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.strip()
    return (
        f"# The one file, measured\n\nBy `python -m benchmarks.onefile` at commit {commit}, {time.strftime('%Y-%m-%d', time.gmtime())}: {os.cpu_count()}-core VM, "
        f"Linux {'.'.join(platform.release().split('.')[:2])}, load {os.getloadavg()[0]:.1f} at the start, {rounds} interleaved rounds after one that "
        "is not counted, medians. The installed command is the checkout's with its bytecode, on Debian's Python.\n\n"
        f"- {'met' if size <= 25 else '**MISSED**'}: at most 25 MB: {size:.1f} MB\n- SHA-256 `{digest}`\n"
    )


def _tables(file: Path, rounds: int) -> Iterator[str]:
    installed, one = "installed", "one file"
    version = [
        Command(name=f"--version, {installed}", argv=(DOCTOR, "--version"), says="0."),
        Command(name=f"--version, {one}", argv=(str(file), "--version"), says="0."),
        Command(name=f"list, {installed}", argv=(DOCTOR, "list"), says="network/ip-forward-off"),
        Command(name=f"list, {one}", argv=(str(file), "list"), says="network/ip-forward-off"),
    ]
    yield _section("Start-up", "Warm.", measure_here(version, rounds), ("--version",))
    with mounted_disk(LARGE) as disk, tempfile.TemporaryDirectory() as state:
        scans = [
            _scan(f"scan, {installed}", DOCTOR, state, "--root", str(disk)),
            _scan(f"scan, {one}", str(file), state, "--root", str(disk)),
        ]
        yield _section(
            "A mounted disk", "200 images, 1,000 layers, 500 containers.", measure_here(scans, rounds), ("scan",)
        )
    with box_with(SMALL, is_running=True) as box:
        inside = str(box.path("/usr/local/sbin/doctor"))
        subprocess.run(["cp", str(file), inside], check=True)
        place = "/usr/local/sbin/doctor"
        live = [
            *(_scan(f"scan, {name}", command, "/root/state") for name, command in ((installed, DOCTOR), (one, place))),
            *(
                Command(name=f"probe, {name}", argv=(command, "probe", "storage", "image", "limits"), exits=(0, 1, 3))
                for name, command in ((installed, DOCTOR), (one, place))
            ),
            *(
                Command(name=f"guard, {name}", argv=(command, "guard"), exits=(0, 10))
                for name, command in ((installed, DOCTOR), (one, place))
            ),
        ]
        yield _section(
            "A host with its dockerd up",
            "10 images, 60 layers, 20 containers.",
            measure_in(box, live, rounds),
            ("scan", "probe", "guard"),
        )
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        base = Path(name)
        root, link = root_in(base), base / "doctor-runtime"
        link.symlink_to(file)
        words = ("run", "--memory", str(MEMORY), "--pids", str(PIDS), str(root), "--", "/bin/true")
        runs = [
            Command(name=f"doctor-runtime run, {installed}", argv=(installed_in(base, PYTHON), *words)),
            Command(name=f"doctor-runtime run, {one}", argv=(str(link), *words)),
        ]
        yield _section(
            "A test container",
            "Docker's default isolation around busybox's true; the installed one is a wheel.",
            measure_here(runs, rounds),
            ("doctor-runtime run",),
        )


def _scan(name: str, command: str, state: str, *words: str) -> Command:
    argv = (command, "scan", *words)
    return Command(
        name=name,
        argv=argv,
        exits=(0, 1, 3),
        env=(("DOCTOR_STATE_DIR", state),),
        proof=(*argv, "--format", "json"),
        says='"outcomes"',
    )


def _section(title: str, about: str, samples: object, names: tuple[str, ...]) -> str:
    bars = tuple(
        Bar(name=f"{name}, one file", figure="cpu_s", most=_MOST, times=f"{name}, installed") for name in names
    )
    return Section(title=title, about=about, samples=samples, bars=bars).markdown()  # type: ignore[arg-type]


def _cold(file: Path) -> str:
    """Start with the file's pages dropped from the cache, as after a copy and a boot."""
    lines = [
        "## First start",
        "",
        "The file's pages are dropped from the page cache before each of 9 runs (`posix_fadvise`).",
        "",
    ]
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "host/etc").mkdir(parents=True)
        for words in (("--version",), ("scan", "--root", f"{name}/host")):
            walls = []
            for _ in range(9):
                os.sync()
                with file.open("rb") as stream:
                    os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                begin = time.perf_counter()
                subprocess.run(
                    [file, *words], stdout=subprocess.DEVNULL, env={"DOCTOR_STATE_DIR": f"{name}/state"}, check=False
                )
                walls.append(time.perf_counter() - begin)
            middle = statistics.median(walls)
            lines.append(
                f"- {'met' if middle <= 0.9 else '**MISSED**'}: wall of `{words[0]}` at most 0.9 s: {middle:.3f} s, from {min(walls):.3f} to {max(walls):.3f}"
            )
    return "\n".join((*lines, ""))


def _hashing() -> str:
    """Hash 1 MiB at a time, in turns with OpenSSL under the installed command's interpreter."""
    with tempfile.TemporaryDirectory() as name:
        ours = str(kit.python(Path(name) / "python"))
        rates: dict[str, list[int]] = {ours: [], PYTHON: []}
        for _ in range(5):
            for program, found in rates.items():
                found.append(
                    int(subprocess.run([program, "-c", _HASH], capture_output=True, text=True, check=True).stdout)
                )
    one, other = statistics.median(rates[ours]), statistics.median(rates[PYTHON])
    flags = Path("/proc/cpuinfo").read_text()
    word = (
        "with the processor's SHA instructions"
        if " sha_ni" in flags or " sha2" in flags
        else "without SHA instructions"
    )
    return (
        f"## SHA-256\n\nOn {platform.machine()}, {word}.\n\n"
        f"- {'met' if one >= 0.85 * other else '**MISSED**'}: at least 0.85 of OpenSSL's speed: {one / other:.2f} ({one:.0f} and {other:.0f} MB/s)\n"
        "- aarch64: `tests/onefile` compares digests under qemu-aarch64; its speed is not measured, for want of such a machine\n"
    )


def _memory(file: Path) -> str:
    """Sample a scan's memory; pages of the file itself are clean, and shared by all that run it."""
    lines = [
        "## Memory",
        "",
        "The peak of a scan of a small host's disk, sampled each millisecond (`smaps_rollup`), in MiB.",
        "",
    ]
    lines += ["| command | RSS | private and written | of files |", "| --- | --- | --- | --- |"]
    found = {}
    with mounted_disk(SMALL) as disk, tempfile.TemporaryDirectory() as state:
        for name, command in (("installed", DOCTOR), ("one file", str(file))):
            peaks = sorted(_peak([command, "scan", "--root", str(disk), "-q"], state) for _ in range(5))
            found[name] = peaks[len(peaks) // 2]
            lines.append(f"| `scan`, {name} | {' | '.join(f'{kib / 1024:.1f}' for kib in found[name])} |")
    written = found["one file"][1] / found["installed"][1]
    whole = found["one file"][0] / found["installed"][0]
    lines += [
        "",
        f"- {'met' if written <= 1.3 else '**MISSED**'}: private memory at most 1.3 times: {written:.2f} times",
    ]
    lines += [f"- RSS with the clean pages of files: {whole:.2f} times", ""]
    return "\n".join(lines)


def _peak(argv: list[str], state: str) -> tuple[int, int, int]:
    """Return the largest RSS of a process, and its private written and its file pages at that time (KiB)."""
    best = (0, 0, 0)
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, env={**os.environ, "DOCTOR_STATE_DIR": state}) as running:
        while running.poll() is None:
            try:
                text = Path(f"/proc/{running.pid}/smaps_rollup").read_text()
            except OSError:
                break
            words = (line.split() for line in text.splitlines())
            sizes = {each[0]: int(each[1]) for each in words if len(each) == 3 and each[0].endswith(":")}
            if "Rss:" in sizes:
                written = sizes["Private_Dirty:"]
                best = max(best, (sizes["Rss:"], written, sizes["Rss:"] - sizes.get("Anonymous:", 0)))
            time.sleep(0.001)
    return best


if __name__ == "__main__":
    main()
