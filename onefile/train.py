"""Counts what the interpreter does in doctor's usual commands: ``python3.13 -m onefile.train --llvm DIR``; writes python.profdata.xz.

The compiler lays out the functions and branches of a build by these counts. They are an input like the sources, because no
two runs count the same. A function that has changed since goes without: a patched source needs no new counts at once.

Needs Debian's ``llvm-22`` and ``libclang-rt-22-dev``, the version that zig's compiler has, and the checkout's environment.
"""

import argparse
import lzma
import os
import re
import subprocess
import tempfile
from pathlib import Path

from onefile.__main__ import hot, say, tree
from onefile.compile import PROFILE, Build, program, unpack
from onefile.fetch import HERE, fetch, python, run
from onefile.licences import TEXT, licences
from onefile.pack import pack

_COMMANDS = (
    "--version",
    "--help",
    "list",
    "explain network/ip-forward-off",
    "scan --root {disk}",
    "scan --root {disk} --format json",
    "scan --root {disk} --format html",
    "scan --root {empty}",
)
_DISK = "--images 200 --layers 1000 --containers 500 --volumes 50 --networks 20"


def main() -> None:
    """Build the program that counts, run it, and write the counts."""
    parser = argparse.ArgumentParser(prog="python3.13 -m onefile.train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=HERE.parent / "build/onefile", help="the build's")
    parser.add_argument("--llvm", type=Path, default=Path("/usr/lib/llvm-22"), help="default %(default)s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    work = options.work.resolve()
    fetch(work)
    run(
        str(python(work).with_name("pip")),
        "-q",
        "install",
        "--no-deps",
        *map(str, work.glob("wheels/ziglang-*.whl")),
        cwd=work,
    )
    unpack(work)
    say("the program that counts")
    runtime = next(options.llvm.glob("lib/clang/22/lib/linux/libclang_rt.profile-x86_64.a"))
    static = program(Build(work, "x86_64", options.jobs, runtime=runtime)).read_bytes()
    roots = tree(work)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        file = place / "doctor"
        file.write_bytes(pack(static, roots, HERE, hot(work, roots), texts={TEXT: licences(work)}))
        file.chmod(0o755)
        say("its commands")
        _run(file, place)
        _write(options.llvm / "bin/llvm-profdata", place)


def _run(file: Path, place: Path) -> None:
    disk, empty = place / "disk", place / "empty"
    for root in (disk, empty):
        (root / "etc/docker").mkdir(parents=True)
        (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="13"\n')
        (root / "var/lib").mkdir(parents=True)
    data = [str(HERE.parent / ".venv/bin/python"), "-m", "benchmarks.dataroot", str(disk / "var/lib/docker")]
    run(*data, *_DISK.split(), cwd=HERE.parent)
    env = {"PATH": "/usr/bin:/bin", "DOCTOR_STATE_DIR": f"{place}/state", "LLVM_PROFILE_FILE": f"{place}/%p.profraw"}
    for words in _COMMANDS:
        argv = [str(file), *words.format(disk=disk, empty=empty).split()]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        if done.returncode not in {0, 1, 3}:
            raise LookupError(f"{words}: {done.stderr[-2000:]}")


def _write(tool: Path, place: Path) -> None:
    """Merge the counts; static functions are named by their file alone, as the build names them."""
    text, merged = place / "counts.txt", place / "counts.profdata"
    raw = sorted(map(str, place.glob("*.profraw")))
    run(str(tool), "merge", "--sparse", "--text", "-o", str(text), *raw, cwd=place)
    text.write_text(re.sub(r"(?m)^/[^ ;]*/([^/;]+;)", r"\1", text.read_text()))
    run(str(tool), "merge", "--sparse", "-o", str(merged), str(text), cwd=place)
    PROFILE.write_bytes(lzma.compress(merged.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    say(f"{PROFILE}: {PROFILE.stat().st_size} bytes of {len(raw)} runs")


if __name__ == "__main__":
    main()
