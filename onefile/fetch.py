"""Brings the sources: Debian's source packages and the package index's archives, each by name, version and digest."""

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
INPUTS = HERE / "inputs.toml"


class InputError(Exception):
    """A source is not the one that was recorded."""


def inputs() -> dict[str, dict[str, dict[str, str]]]:
    """Return the recorded inputs: kind, then name, then version and the digest of each file."""
    return tomllib.loads(INPUTS.read_text())


def fetch(work: Path, *, update: bool = False) -> None:
    """Download all inputs below ``work`` and compare their digests; with ``update`` record them."""
    recorded = inputs()
    _debian(work, recorded["debian"])
    for kind, options in (("sources", ("--no-binary", ":all:", "--no-build-isolation")), ("wheels", ())):
        _index(work, kind, recorded[kind], options)
    if update:
        INPUTS.write_text(_head() + _lines(work, recorded))
        return
    for kind, names in recorded.items():
        for name, known in names.items():
            for file, digest in known.items():
                if file != "version" and _digest(work / kind / file) != digest:
                    raise InputError(f"{file} of {name} {known['version']} is not what was recorded")


def _debian(work: Path, wanted: dict[str, dict[str, str]]) -> None:
    """Download source packages with apt's own checks, in a state of its own: the host's lists stay as they are."""
    place, state = work / "debian", work / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "parts"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    place.mkdir(exist_ok=True)
    host = Path("/etc/apt/sources.list.d/debian.sources").read_text()
    (state / "parts/debian.sources").write_text(re.sub(r"(?m)^Types: deb$", "Types: deb-src", host))
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "parts",
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    missing = [
        name
        for name, known in wanted.items()
        if not all((place / file).exists() for file in known if file != "version")
    ]
    if not missing and all(len(known) > 1 for known in wanted.values()):
        return
    run("apt-get", *words, "-q", "update", cwd=place)
    for name, known in wanted.items():
        run("apt-get", *words, "-q", "source", "--download-only", f"{name}={known['version']}", cwd=place)


def _index(work: Path, kind: str, wanted: dict[str, dict[str, str]], options: tuple[str, ...]) -> None:
    place = work / kind
    place.mkdir(exist_ok=True)
    pip = python(work).with_name("pip")
    for name, known in wanted.items():
        files = [file for file in known if file != "version"]
        if not files or not all((place / file).exists() for file in files):
            run(str(pip), "-q", "download", "--no-deps", *options, "-d", ".", f"{name}=={known['version']}", cwd=place)


def python(work: Path) -> Path:
    """Return the build interpreter: Debian's, of the same version as the source, with zig and what a wheel needs."""
    found = work / "venv/bin/python"
    if not found.exists():
        run("/usr/bin/python3.13", "-m", "venv", str(work / "venv"), cwd=work)
        run(str(found.with_name("pip")), "-q", "install", "setuptools", "setuptools-scm", "hatchling", cwd=work)
    return found


def run(*argv: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program and return its output; raises ``CalledProcessError`` with what it printed."""
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout[-4000:], done.stderr[-4000:])
        done.check_returncode()
    return done.stdout


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _head() -> str:
    return "".join(line for line in INPUTS.read_text().splitlines(keepends=True) if line.startswith("#"))


def _lines(work: Path, recorded: dict[str, dict[str, dict[str, str]]]) -> str:
    """Return the table with the digests of the files that were brought."""
    found = []
    for kind, names in recorded.items():
        for name, known in names.items():
            stem = (
                re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace("\\", "")) if kind != "debian" else re.escape(name)
            )
            plain = known["version"].partition("-")[0].partition(":")[2] or known["version"].rpartition("-")[0]
            pattern = re.compile(
                rf"{stem}[-_]{re.escape(plain if kind == 'debian' else known['version'])}", re.IGNORECASE
            )
            files = sorted(path.name for path in (work / kind).iterdir() if pattern.match(path.name))
            found.append(f'\n[{kind}."{name}"]\nversion = "{known["version"]}"\n')
            found += [f'"{file}" = "{_digest(work / kind / file)}"\n' for file in files]
    return "".join(found)
