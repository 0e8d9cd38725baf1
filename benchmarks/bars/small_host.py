"""A scan of an ordinary host with its dockerd up, beside what people run today."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.dataroot import SMALL
from benchmarks.hosts import PYTHON, box_with, measure_in, scan
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

# Debian's docker.io ships moby's contrib directory; elsewhere the comparison is left out, and the table says so.
_CHECK_CONFIG = Path("/usr/share/docker.io/contrib/check-config.sh")
_CHECK = "check-config.sh"
_SCAN = "doctor scan"
_ONE = "doctor scan --select network/ip-forward-off"


def sections(rounds: int) -> Iterator[Section]:
    """10 images, 60 layers, 20 containers in a box."""
    commands = [
        Command(name=_CHECK, argv=("sh", str(_CHECK_CONFIG)), exits=(0, 1), says="Storage Drivers"),
        scan(_SCAN),
        scan(_ONE, "--select", "network/ip-forward-off"),
        Command(name="docker info", argv=("docker", "info")),
        Command(name="docker ps -a -s", argv=("docker", "ps", "-a", "-s")),
        Command(name="docker system df -v", argv=("docker", "system", "df", "-v")),
        Command(name="python -c pass", argv=(PYTHON, "-c", "pass")),
    ]
    with box_with(SMALL, is_running=True) as box:
        samples = measure_in(box, commands, rounds)
    yield Section(
        title="A small host, dockerd up",
        about="10 images, 60 layers, 20 containers in a box with a real dockerd. CPU of docker's commands is the client's alone.",
        samples=samples,
        bars=(
            Bar(name=_SCAN, figure="wall_s", most=0.3),
            Bar(name=_SCAN, figure="cpu_s", most=0.25),
            Bar(name=_SCAN, figure="rss_mib", most=60),
            Bar(name=_SCAN, figure="wall_s", most=1, times=_CHECK),
            Bar(name=_SCAN, figure="cpu_s", most=1, times=_CHECK),
            Bar(name=_ONE, figure="cpu_s", most=0.15),
        ),
    )
