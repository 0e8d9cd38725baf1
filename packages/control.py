"""Name, description and contents of the packages, for nfpm."""

import time
from pathlib import Path
from typing import Any

from doctor import __version__

HERE = Path(__file__).parent
NAME = "container-doctor"
URL = "https://github.com/container-doctor/doctor"
MAINTAINER = "The doctor project <maintainers@container-doctor.invalid>"
SUMMARY = "finds out why a container host is broken, and repairs it"
DESCRIPTION = """\
doctor examines a host of containers (Docker Engine, containerd, and what
they need of the kernel, network, firewall and disks), reports problems
with their causes, and repairs them with a journal and backups: each repair
is verified with test containers, and can be undone byte for byte.
.
This package has one static program with everything in it: it needs no
Python, no C library and no engine that runs. It also adds "docker doctor"
to the docker command, and completion for bash, zsh and fish."""
_SCRIPTS = {"preremove": "preremove.sh", "postinstall": "postinstall.sh", "postremove": "postremove.sh"}
_OWN = ("usr/share/doc/container-doctor", "usr/share/licenses/container-doctor")


# Directories of others that may not exist without them: the last package that has them removes them.
_SHARED = ("usr/libexec/docker", "usr/libexec/docker/cli-plugins", "usr/share/zsh/site-functions")


def config(tree: Path, kind: str, architecture: str, epoch: int, release: int) -> dict[str, Any]:
    """Return nfpm's settings for the files below ``tree``."""
    return {
        "name": NAME,
        "arch": architecture,
        "platform": "linux",
        "version": __version__,
        "release": str(release),
        "section": "admin",
        "priority": "optional",
        "maintainer": MAINTAINER,
        "vendor": "The doctor project",
        "homepage": URL,
        "license": "Apache-2.0",
        "description": f"{SUMMARY}\n{DESCRIPTION}" if kind == "deb" else DESCRIPTION.replace("\n.\n", "\n\n"),
        "suggests": ["docker.io | docker-ce"] if kind == "deb" else [],
        "mtime": epoch_text(epoch),
        "changelog": str(tree.parent / "changelog.json"),
        "umask": 0o022,
        "scripts": {name: str(HERE / file) for name, file in _SCRIPTS.items()},
        "contents": contents(tree, kind),
        "deb": {"compression": "gzip"},
        "rpm": {
            "group": "Applications/System",
            "compression": "gzip:9",
            "summary": f"{SUMMARY[0].upper()}{SUMMARY[1:]}",
            "buildhost": "localhost",
            "packager": MAINTAINER,
        },
    }


def contents(tree: Path, kind: str) -> list[dict[str, Any]]:
    """Return an entry for each file; an rpm also owns the directories that are this package's alone."""
    found: list[dict[str, Any]] = []
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if path.is_symlink():
            found.append(
                {"src": str(path.readlink()), "dst": f"/{name}", "type": "symlink", "file_info": {"mode": 0o777}}
            )
        elif path.is_dir():
            if kind == "rpm" and (name.startswith(_OWN) or name in _SHARED):
                found.append({"dst": f"/{name}", "type": "dir", "file_info": {"mode": 0o755}})
        else:
            entry = {"src": str(path), "dst": f"/{name}", "file_info": {"mode": path.stat().st_mode & 0o7777}}
            if kind == "rpm" and name.startswith((*_OWN, "usr/share/man")):
                entry["type"] = "licence" if name.startswith(_OWN[1]) else "doc"
            found.append(entry)
    return found


def changelog(epoch: int, release: int) -> list[dict[str, Any]]:
    """Return the entry of this version, as nfpm reads it."""
    note = f"See {URL}/blob/main/CHANGELOG.md"
    return [
        {
            "semver": f"{__version__}-{release}",
            "date": epoch_text(epoch),
            "packager": MAINTAINER,
            "deb": {"urgency": "medium", "distributions": ["unstable"]},
            "changes": [{"note": note}],
        }
    ]


def epoch_text(epoch: int) -> str:
    """Return a time as nfpm reads it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
