"""A scan of much metadata: time, memory, and whether both grow no faster than the number of files."""

import contextlib
from collections.abc import Iterator

from benchmarks.dataroot import LARGE, Size
from benchmarks.hosts import box_with, measure_here, measure_in, metadata_files, mounted_disk, scan
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

_QUARTER = Size(images=50, layers=250, containers=125, volumes=12, networks=5)
_FACTORS = (1, 2, 4)
# How far the second doubling may cost more than twice the first one before it is not called linear.
_SLACK = 1.3


def sections(rounds: int) -> Iterator[Section]:
    """The same mixture at three sizes as a mounted disk, then the largest one in a box."""
    fewer = max(3, rounds // 2)
    yield _linearity(fewer)
    with box_with(LARGE, is_running=True) as box:
        peers = [
            scan("doctor scan"),
            Command(name="docker ps -a -s", argv=("docker", "ps", "-a", "-s")),
            Command(name="docker system df -v", argv=("docker", "system", "df", "-v")),
        ]
        yield Section(
            title="A large host, dockerd up",
            about="200 images, 1,000 layers, 500 containers, 50 volumes in a box. CPU of docker's commands is the client's alone.",
            samples=measure_in(box, peers, fewer),
            bars=(
                Bar(name="doctor scan", figure="wall_s", most=1.5),
                Bar(name="doctor scan", figure="rss_mib", most=100),
            ),
        )


def _linearity(rounds: int) -> Section:
    names = {factor: f"doctor scan --root (x{factor})" for factor in _FACTORS}
    with contextlib.ExitStack() as stack:
        disks = {factor: stack.enter_context(mounted_disk(_QUARTER.times(factor))) for factor in _FACTORS}
        files = {factor: metadata_files(disk) for factor, disk in disks.items()}
        commands = [
            scan(names[factor], "--root", str(disk), state=str(disk.parent / "state")) for factor, disk in disks.items()
        ]
        samples = measure_here(commands, rounds)
    about = "50, 100 and 200 images with 250, 500 and 1,000 layers and 125, 250 and 500 containers, as a mounted disk, warm. "
    section = Section(
        title="A large data root, dockerd dead",
        about=about + "Metadata files: " + ", ".join(f"{count:,} (x{factor})" for factor, count in files.items()) + ".",
        samples=samples,
        bars=(
            Bar(name=names[4], figure="wall_s", most=1.5),
            Bar(name=names[4], figure="cpu_s", most=1.5),
            Bar(name=names[4], figure="rss_mib", most=100),
        ),
        notes=(),
    )
    costs = section.costs()
    if len(costs) < len(_FACTORS):
        return section
    note = _growth(*(costs[names[factor]].cpu_s for factor in _FACTORS), extra=files[4] - files[1])
    return Section(title=section.title, about=section.about, samples=samples, bars=section.bars, notes=(note,))


def _growth(one: float, two: float, four: float, *, extra: int) -> str:
    """From x2 to x4 there is twice as much more as from x1 to x2; so the time, start-up taken out, should be twice."""
    first, second = two - one, four - two
    is_linear = second <= 2 * first * _SLACK
    per_file = (four - one) / extra * 1e6
    word = "met" if is_linear else "**MISSED**"
    return (
        f"{word}: linear in the number of files (CPU): x1 → x2 costs {first * 1000:.0f} ms more, x2 → x4 {second * 1000:.0f} ms "
        f"(twice would be {2 * first * 1000:.0f}); {per_file:.0f} µs a file"
    )
