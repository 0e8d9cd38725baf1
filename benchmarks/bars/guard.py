"""`doctor guard` before a start of the engine, on an ordinary root and on one of 1,000 layers."""

from collections.abc import Iterator

from benchmarks.dataroot import LARGE, SMALL
from benchmarks.hosts import DOCTOR, PYTHON, box_with, measure_in
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

_CONTAINERS = "/var/lib/docker/containers"
_LAYERS = {"60 layers": SMALL, "1,000 layers": LARGE}


def sections(rounds: int) -> Iterator[Section]:
    """Each in a box, the engine down; the first round, which takes the whole backup of the metadata, is not counted."""
    samples = {}
    for name, size in _LAYERS.items():
        with box_with(size, is_running=False) as box:
            one = min(box.path(_CONTAINERS).iterdir()).name
            touch = ("touch", f"{_CONTAINERS}/{one}/config.v2.json")
            # Rounds go to and fro: so a change stands before each look.
            changed = Command(name=f"a container changed ({name})", argv=(DOCTOR, "guard"))
            commands = [Command(name="before", argv=touch), changed, Command(name="behind", argv=touch)]
            few = rounds if size is SMALL else max(3, rounds // 2)
            samples[changed.name] = measure_in(box, commands, few)[changed.name]
            # As after a boot: the backup and the guard's code are there, what it saw is not believed.
            forget = ("rm", "-f", "/var/lib/doctor/guard.seen")
            first = Command(name=f"first look of a boot ({name})", argv=(DOCTOR, "guard"))
            commands = [Command(name="before", argv=forget), first, Command(name="behind", argv=forget)]
            samples[first.name] = measure_in(box, commands, few)[first.name]
            commands = [Command(name=f"again ({name})", argv=(DOCTOR, "guard"))]
            if size is SMALL:
                commands.append(Command(name="python -c pass", argv=(PYTHON, "-c", "pass")))
            samples.update(measure_in(box, commands, few))
    yield Section(
        title="The guard",
        about="Before a start of the engine: 10 images, 60 layers, 20 containers, and 200 images, 1,000 layers, 500 containers. It looks "
        "at all of the data root's state, and compares the metadata with the last backup; where all is as it was at an earlier "
        "look of the same boot, it reads nothing again, and where something changed, of the layers only that.",
        samples=samples,
        bars=(
            Bar(name="a container changed (60 layers)", figure="cpu_s", most=0.1),
            Bar(name="first look of a boot (60 layers)", figure="cpu_s", most=0.1),
            Bar(name="again (60 layers)", figure="cpu_s", most=0.05),
            Bar(name="a container changed (1,000 layers)", figure="cpu_s", most=0.5),
            Bar(name="again (1,000 layers)", figure="cpu_s", most=0.15),
        ),
    )
