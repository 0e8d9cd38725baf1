"""Debian packages and engines of other releases, unpacked once and kept in the cache; nothing is installed on this machine."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.hosts import archive
from tests.hosts.box import Box
from tests.hosts.sandbox import SandboxError

_ENGINE = ("docker.io", "docker-cli", "containerd", "runc")
OWN = "26.1.5"
"""The version that this machine's release has: it needs no package."""
SUITES = {"20.10.24": "bookworm", "28.5.2": "forky"}
"""The engines of other releases of Debian, which run on this one's libraries."""


def unpacked(names: Sequence[str], suite: str = "trixie") -> Path:
    """Return a directory with the files of these packages of a release; downloaded once."""
    key = "\n".join(["1", suite, *names])
    return archive.cached(f"packages-{suite}-{names[0]}", key, lambda target: _build(target, names, suite))


def copy_in(box: Box, names: Sequence[str], suite: str = "trixie") -> None:
    """Copy the files of packages over the box's own, without their scripts."""
    top = unpacked(names, suite)
    # A root with merged /usr: what an older package has in /lib belongs there.
    script = 'cd "$0" && for d in *; do t=/$d; [ -L /$d ] && t=/usr/$d; mkdir -p $t && cp -a $d/. $t/; done'
    box.run(["sh", "-ec", script, str(top)], timeout=120)


def install_engine(box: Box, version: str) -> None:
    """Put an engine of another release in the place of the box's own, before it starts."""
    if version == OWN:
        return
    suite = SUITES[version]
    names = tuple(name for name in _ENGINE if suite != "bookworm" or name != "docker-cli")
    copy_in(box, names, suite)
    # Debian's script for the engine mounts cgroups, which a box may not; the box has one of its own.
    box.write("/etc/init.d/docker", "#!/bin/sh\n", mode=0o755)


def _build(target: Path, names: Sequence[str], suite: str) -> None:
    partial = target.with_name(f"partial-{os.getpid()}-{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    work = partial / ".apt"
    for name in ("state/lists/partial", "cache/archives/partial", "debs"):
        (work / name).mkdir(parents=True)
    (work / "sources.list").write_text(_source(suite), encoding="utf-8")
    options = {
        "Dir::State": work / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "APT::Sandbox::User": "root",
    }
    arguments = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    _run(["apt-get", *arguments, "update", "-qq"], partial)
    _run(["apt-get", *arguments, "download", "-qq", *names], work / "debs")
    for package in sorted((work / "debs").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(partial)], partial)
    shutil.rmtree(work)
    partial.rename(target)


def _source(suite: str) -> str:
    """Return the line of sources.list for a release: from where this machine's apt has its own, with the same key."""
    own = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    form = "$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(SIGNED_BY)"
    argv = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        release, component, place, key = line.split("|", 3)
        if (release, component) == (own, "main"):
            return f"deb {f'[signed-by={key}] ' if key.startswith('/') else ''}{place} {suite} main\n"
    raise SandboxError(
        f"apt of this machine has no archive 'main' of its release {own or '(unknown)'}: see 'apt-cache policy'"
    )


def _run(argv: list[str], where: Path) -> None:
    done = subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(where, ignore_errors=True)
        raise SandboxError(f"'{argv[0]} {argv[-1]}' failed: {done.stderr.strip()[-500:]}")
