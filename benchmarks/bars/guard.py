"""`doctor guard` before a start of the engine, on an ordinary root and on one of 1,000 layers."""

from collections.abc import Iterator

from benchmarks.dataroot import LARGE, SMALL
from benchmarks.hosts import DOCTOR, PYTHON, box_with, measure_in
from benchmarks.measure import Command
from benchmarks.table import Bar, Section


def sections(rounds: int) -> Iterator[Section]:
    """Each in a box, the engine down; the first run, which takes the backup of the metadata, is not counted."""
    samples = {}
    for name, size, count in (("60 layers", SMALL, rounds), ("1,000 layers", LARGE, max(3, rounds // 2))):
        commands = [Command(name=f"doctor guard ({name})", argv=(DOCTOR, "guard"))]
        if size is SMALL:
            commands.append(Command(name="python -c pass", argv=(PYTHON, "-c", "pass")))
        with box_with(size, is_running=False) as box:
            samples.update(measure_in(box, commands, count))
    yield Section(
        title="The guard",
        about="Before a start of the engine: 10 images, 60 layers, 20 containers, and 200 images, 1,000 layers, 500 containers. It looks "
        "at all of the data root's state, and compares the metadata with the last backup.",
        samples=samples,
        bars=(Bar(name="doctor guard (60 layers)", figure="cpu_s", most=0.1),),
    )
