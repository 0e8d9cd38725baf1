"""A node without a kubelet: the image is built from kubernetes/Containerfile, and its containers run as the manifest has it."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.hosts import archive
from tests.hosts.box import Box
from tests.hosts.outside import ADDRESS
from tests.hosts.sandbox import CHECKOUT
from tests.kubernetes import as_docker
from tests.onefile import kit as onefile
from tests.unit.kubernetes import server_kit

IMAGE, TAG = "registry.example/container-doctor", "0.1.0"
BASE = "python:3.13-slim"
_INCLUDE = "python3,python3-pip"


def base() -> Path:
    """Return the tar of a root that stands for the base image: Debian's Python of the same version, and pip."""
    return archive.cached("kubernetes-base.tar", f"1 {_INCLUDE}", _build_base)


def _build_base(target: Path) -> None:
    without = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    # The base image has no such file: pip may install beside its own packages.
    hook = '--customize-hook=rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={_INCLUDE}", *without, hook]
    partial = target.with_name(f"partial-{os.getpid()}.tar")
    subprocess.run([*command, "trixie", str(partial)], check=True)
    partial.rename(target)


def context(place: Path) -> Path:
    """Write what docs/kubernetes.md puts into dist: the one file, doctor's wheel, and the wheels that it needs."""
    program = onefile.program()
    assert program is not None
    shutil.copy(program, place / f"doctor-{onefile.MACHINE}")
    pip = [sys.executable, "-m", "pip", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", place, CHECKOUT], check=True)
    (wheel,) = place.glob("container_doctor-*.whl")
    only = ["--only-binary=:all:", "--python-version=3.13", "-c", CHECKOUT / "constraints.txt"]
    subprocess.run([*pip, "download", *only, "-d", place, wheel], check=True)
    return place


def build(box: Box, place: Path) -> None:
    """Build the image in the box, which has no registry: the base is imported under the name that the Containerfile has."""
    box.run(["docker", "import", "-", BASE], input=base().read_bytes(), timeout=120)
    shutil.copytree(place, box.path("/root/checkout/dist"))
    shutil.copytree(CHECKOUT / "kubernetes", box.path("/root/checkout/kubernetes"))
    command = ["docker", "build", "--quiet", "-f", "kubernetes/Containerfile", "-t", f"{IMAGE}:{TAG}", "dist"]
    # No network: nothing but dist is needed.
    box.run(
        [*command[:2], "--network=none", *command[2:]], env={"DOCKER_BUILDKIT": "1"}, cwd="/root/checkout", timeout=240
    )


def objects(place: Path, components: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return all objects as kubectl builds them from a kustomization that names an image of one's own."""
    shutil.copytree(CHECKOUT / "kubernetes", place / "kubernetes", dirs_exist_ok=True)
    mine = {
        "resources": ["kubernetes"],
        "components": [f"kubernetes/{name}" for name in components],
        "images": [{"name": "container-doctor", "newName": IMAGE, "newTag": TAG}],
    }
    (place / "kustomization.yaml").write_text(yaml.safe_dump(mine))
    done = subprocess.run(["kubectl", "kustomize", place], check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


def manifest(place: Path, components: Sequence[str] = ()) -> dict[str, Any]:
    """Return the DaemonSet."""
    return next(one for one in objects(place, components) if one["kind"] == "DaemonSet")


def outside_server(box: Box) -> server_kit.Server:
    """Return an API server that listens in the network outside the box."""
    made: list[server_kit.Server] = []

    def bind() -> None:
        with open(f"/proc/{box.outside_pid}/ns/net") as stream:
            os.setns(stream.fileno(), os.CLONE_NEWNET)
        made.append(server_kit.Server(ADDRESS))

    # A thread has a network namespace of its own; the socket stays where it was made.
    thread = threading.Thread(target=bind)
    thread.start()
    thread.join()
    return made[0]


class Pod:
    """The pod's volumes and its two containers on a box."""

    def __init__(self, box: Box, daemonset: dict[str, Any], server: server_kit.Server, authority: Path) -> None:
        """Make the volumes as the kubelet does: group, mode, size and files of the service account."""
        self.box = box
        # As systemd makes it on a real host; a pod gets a slave of it.
        box.run(["mount", "--make-rshared", "/"])
        self._spec = daemonset["spec"]["template"]["spec"]
        address = (str(server.server_address[0]), int(server.server_address[1]))
        self._node = as_docker.Node(server_kit.NODE, address, "/run/pod")
        for volume in as_docker.volumes(self._spec, self._node).values():
            if volume.memory or volume.files:
                size = volume.memory or 1 << 20
                box.run(["mkdir", "-p", volume.path])
                options = f"size={size},mode=2775,gid={volume.group}"
                box.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", volume.path])
            for name in volume.files:
                text = authority.read_text() if name == "ca.crt" else "a.pod.token"
                box.write(f"{volume.path}/{name}", text, mode=volume.mode)
                box.run(["chown", f"0:{volume.group}", f"{volume.path}/{name}"])

    def words(self, name: str) -> list[str]:
        """Return the words after ``docker run`` for a container."""
        return as_docker.words(self._spec, name, self._node)

    def once(self, name: str, *more: str) -> str:
        """Run a container for one round and return what it said."""
        done = self.box.run(["docker", "run", "--rm", *self.words(name), "--once", *more], check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

    def start(self, every: str) -> None:
        """Start both containers; their rounds are shorter than the manifest's, and nothing else is."""
        for name in ("scan", "publish"):
            found = [f"--every={every}" if word.startswith("--every=") else word for word in self.words(name)]
            self.box.docker("run", "-d", f"--name={name}", *found)

    def logs(self) -> str:
        """Return all that both said, for a failed test."""
        return "\n".join(self.box.run(["docker", "logs", name], check=False).stderr for name in ("scan", "publish"))
