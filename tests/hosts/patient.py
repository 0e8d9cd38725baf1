"""The patient: a Docker host with something of everything, as the tests of state repairs need it.

| container | state | what it has |
| --- | --- | --- |
| web | running | restart always, network `mesh`, address 172.31.0.10, port 8080, volume `data` |
| plain | running | restart always, default bridge, port 8081 |
| job | exited | a marker file in its writable layer |
| anon | exited | an anonymous volume |
| talk | exited | rotated logs |
| made | created | never ran |

Volumes: `data`, `scratch` (driver options and a label) and the anonymous one. Networks: `mesh` (172.31.0.0/24).
"""

import shutil
import subprocess
from pathlib import Path

from tests.hosts import archive, images
from tests.hosts.box import Box

RUNNING = ("plain", "web")
CONTAINERS = ("anon", "job", "made", "plain", "talk", "web")
PORTS = {"web": 8080, "plain": 8081}
NETWORK = "mesh"
SUBNET = "172.31.0.0/24"
ADDRESS = "172.31.0.10"


def populate(box: Box) -> None:
    """Make the images, volumes, networks and containers with the dockerd that runs in the box."""
    images.build(box)
    box.docker("network", "create", "--subnet", SUBNET, NETWORK)
    box.docker("volume", "create", "data")
    options = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m")
    box.docker("volume", "create", *options, "--label", "keep=yes", "scratch")
    quick = ("--stop-timeout", "1")
    always = ("-d", "--restart", "always", *quick)
    address = ("--network", NETWORK, "--ip", ADDRESS, "-p", "8080:80")
    box.docker("run", *always, *address, "-v", "data:/data", "--name", "web", "app:latest")
    box.docker("run", *always, "-p", "8081:80", "--name", "plain", "com:1", "httpd", "-f", "-p", "80", "-h", "/www")
    for name in RUNNING:
        box.docker("exec", name, "sh", "-c", f"echo {name} >/marker")
    box.docker("exec", "web", "sh", "-c", "echo kept >/data/file")
    run = ("run", *quick, "--network", "none", "--name")
    box.docker(
        *run,
        "job",
        "-e",
        "SECRET=do-not-show",
        "app:latest",
        "sh",
        "-c",
        "[ -e /marker ] || { echo job >/marker; rm /t/link; }",
    )
    box.docker(*run, "anon", "-v", "/anon", "bb:1", "sh", "-c", "echo anon >/marker; echo kept >/anon/file")
    rotate = ("--log-opt", "max-size=2k", "--log-opt", "max-file=3")
    box.docker(*run, "talk", *rotate, "bb:1", "sh", "-c", "echo talk >/marker; seq 1 100")
    box.docker("create", *quick, "--name", "made", "com:1")


def patient() -> Path:
    """The tar of a data root with the patient as a power loss left it; built once, then taken from the cache."""
    version = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=True).stdout
    buildx = shutil.which("docker-buildx", path="/usr/libexec/docker/cli-plugins:/usr/lib/docker/cli-plugins")
    key = "\n".join([Path(__file__).read_text(encoding="utf-8"), images.source(), version, str(buildx)])
    return archive.cached("patient.tar", key, _build)


def _build(target: Path) -> None:
    with Box() as box:
        box.start_dockerd()
        populate(box)
        box.power_loss()
        archive.pack(box.workdir / "docker", target)
