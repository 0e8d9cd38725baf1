"""A repair of a root of twenty images that a power cut tore, without an engine: `doctor fix --apply --root`."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.dataroot import Size
from benchmarks.hosts import DOCTOR, measure_here, mounted_disk
from benchmarks.measure import Command
from benchmarks.table import Bar, Section

_SIZE = Size(images=20, layers=120, containers=40, volumes=10, networks=2)
_RECORD = ("diff", "size", "parent", "cache-id")
_DIRECTORY = ("link", "lower")
_SHARES = {"the last pull": 0.1, "every second file": 0.5}
"""Empty files of layers: those written in the last seconds, or far more than a power cut destroys."""


def sections(rounds: int) -> Iterator[Section]:
    """Each run repairs a fresh copy of the corrupt root; the copies are made before anything is measured."""
    fewer = max(3, rounds // 3)
    with mounted_disk(_SIZE) as whole, tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        commands = []
        faults = {}
        for what, share in _SHARES.items():
            top = Path(name, what.replace(" ", "-"))
            for number in range(fewer + 1):
                shutil.copytree(whole, top / str(number) / "disk", symlinks=True, copy_function=_copy)
                faults[what] = _tear(top / str(number) / "disk/var/lib/docker", share)
            commands.append(_repair(what, top))
        samples = measure_here(commands, fewer)
    torn = ", ".join(f"{count} files ({what})" for what, count in faults.items())
    yield Section(
        title="Repair of a damaged root",
        about=f"20 images, 120 layers, 40 containers as a mounted disk, without an engine. Damaged: {torn}: the list of tags empty, all "
        "short names of layers gone, and files of the layers' records empty. Plan, prediction, backup, steps, proof. The wall time "
        "is mostly that of the disk's syncs.",
        samples=samples,
        bars=tuple(Bar(name=command.name, figure="wall_s", most=5) for command in commands),
    )


def _repair(what: str, top: Path) -> Command:
    """Repair the copy that is next; only a repair that was verified and left nothing counts."""
    script = (
        'top=$1; n=0; while [ -e "$top/$n/used" ]; do n=$((n+1)); done; : >"$top/$n/used"; '
        'DOCTOR_STATE_DIR="$top/$n/state" exec "$2" fix --root "$top/$n/disk" --apply --yes --allow disruptive'
    )
    return Command(name=f"doctor fix --apply ({what})", argv=("sh", "-c", script, "repair", str(top), DOCTOR))


def _copy(source: str, target: str) -> None:
    """Copy a file; a device (a whiteout) is of no interest to a repair of records."""
    if Path(source).is_file():
        shutil.copy2(source, target)


def _tear(data: Path, share: float) -> int:
    """Damage a data root, the same way each time; return how many files."""
    chance = Random(7)
    store = data / "image/overlay2"
    torn = [store / "repositories.json"]
    records = [folder / name for folder in sorted((store / "layerdb/sha256").iterdir()) for name in _RECORD]
    directories = [folder / name for folder in sorted((data / "overlay2").iterdir()) for name in _DIRECTORY]
    torn += [path for path in (*records, *directories) if path.exists() and chance.random() < share]
    for path in torn:
        path.write_bytes(b"")
    links = list((data / "overlay2/l").iterdir())
    for link in links:
        link.unlink()
    return len(torn) + len(links)
