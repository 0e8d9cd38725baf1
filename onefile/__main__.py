"""Builds doctor-x86_64 and doctor-aarch64: ``python3.13 -m onefile [--work DIR] [--out DIR] [MACHINE…]``."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from onefile.compile import TARGETS, Build, program, unpack
from onefile.fetch import HERE, fetch, inputs, python, run
from onefile.licences import TEXT, licences
from onefile.pack import pack

_HOT_ROOMS = ("checks", "runtime", "facts", "collect", "formats", "guard")
_HOT = """
import json, os, sys
from doctor.cli.entry import main
def end(code):
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
    leave(code)
leave, os._exit = os._exit, end
main()
"""


def main() -> None:
    """Fetch, compile and pack each architecture."""
    parser = argparse.ArgumentParser(prog="python3.13 -m onefile", description=__doc__)
    parser.add_argument("machines", nargs="*", default=list(TARGETS), choices=[*TARGETS, []], metavar="MACHINE")
    parser.add_argument("--work", type=Path, default=HERE.parent / "build/onefile", help="kept between builds")
    parser.add_argument("--out", type=Path, default=HERE.parent / "dist")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--update", action="store_true", help="record the digests of the inputs")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    work = options.work.resolve()
    say("inputs")
    fetch(work, update=options.update)
    zig = next((work / "wheels").glob("ziglang-*.whl"))
    run(str(python(work).with_name("pip")), "-q", "install", "--no-deps", str(zig), cwd=work)
    unpack(work)
    roots = tree(work)
    for machine in options.machines:
        say(f"{machine}: the interpreter")
        static = program(Build(work, machine, options.jobs)).read_bytes()
        say(f"{machine}: packing")
        whole = pack(static, roots, HERE, hot(work, roots), texts={TEXT: licences(work)})
        path = options.out / f"doctor-{machine}"
        path.write_bytes(whole)
        path.chmod(0o755)
        say(f"{path}: {len(whole) / 1e6:.1f} MB, SHA-256 {hashlib.sha256(whole).hexdigest()}")


def tree(work: Path) -> list[Path]:
    """Return the directories that are packed: doctor's own wheel and the packages, and the standard library."""
    packages = work / "packages"
    run("rm", "-rf", str(packages), str(work / "own"), cwd=work)
    packages.mkdir()
    run(str(python(work)), "-m", "hatchling", "build", "-t", "wheel", "-d", str(work / "own"), cwd=HERE.parent)
    recorded = [file for name, known in inputs()["wheels"].items() if name != "ziglang" for file in known]
    for wheel in (*(work / "own").glob("*.whl"), *(work / "wheels" / file for file in recorded if file != "version")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
    for name, place in (
        ("psutil", "psutil/psutil"),
        ("msgspec", "msgspec/src/msgspec"),
        ("markupsafe", "markupsafe/src/markupsafe"),
    ):
        run("cp", "-r", str(work / "unpacked" / place), str(packages / name), cwd=work)
    _without_tls(packages / "pyroute2/netlink/rtnl/probe_msg.py")
    return [packages, work / "unpacked/python3.13/Lib"]


def _without_tls(path: Path) -> None:
    """Have a module of pyroute2 that imports ``ssl`` for a probe of its own, which doctor does not use, do without."""
    text = path.read_text()
    if text.count("\nimport ssl\n") != 1:
        raise LookupError(f"{path} imports ssl in another way")
    path.write_text(
        text.replace("\nimport ssl\n", "\nssl = None  # changed for doctor's one file, which has no OpenSSL\n")
    )


def hot(work: Path, roots: list[Path]) -> frozenset[str]:
    """Return the modules that a scan or a test container loads, and all checks: they are stored without compression."""
    needed = work / "needed"
    if not needed.exists():
        versions = [f"{name}=={known['version']}" for name, known in inputs()["sources"].items()]
        run(str(python(work).with_name("pip")), "-q", "install", "--target", str(needed), *versions, cwd=work)
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "etc").mkdir()
        words = ["scan", "--root", empty, "-q"]
        code = f"import sys; sys.path[:0] = {[str(needed), str(roots[0])]!r}; sys.argv[1:] = {words!r}\n{_HOT}"
        argv = ["/usr/bin/python3.13", "-I", "-S", "-c", code]
        env = {"PATH": "/usr/bin:/bin", "DOCTOR_STATE_DIR": f"{empty}/state"}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        if done.returncode not in {0, 3}:
            raise LookupError(f"a scan failed: {done.stderr[-2000:]}")
    loaded = json.loads(done.stderr.splitlines()[-1])
    always = {
        ".".join(path.relative_to(roots[0]).with_suffix("").parts)
        for room in _HOT_ROOMS
        for path in (roots[0] / "doctor" / room).rglob("*.py")
    }
    return frozenset(loaded) | always


def say(text: str) -> None:
    """Print a line of progress with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
