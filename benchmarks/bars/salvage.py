"""`doctor salvage` of small and large layers: memory, speed, and beside `docker save` and `skopeo copy` of the same image."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.dataroot import Size
from benchmarks.hosts import DOCTOR, measure_here, measure_in, write_data_root
from benchmarks.measure import Command
from benchmarks.table import Bar, Section
from tests.hosts.box import Box

_ONE = Size(images=1, layers=1, containers=0, volumes=0, networks=0)
_SMALL_MIB, _LARGE_MIB = 64, 512
_VARIANTS: tuple[tuple[str, tuple[str, ...]], ...] = (("", ()), (" --compress", ("--compress",)))
_SALVAGE = "doctor salvage"
_OUT = "/mnt/out"
"""Inside the box: on the same disk as its data root."""
_SALVAGE_SCRIPT = 'exec "$@" --to "$to"'
_SKOPEO_SCRIPT = (
    # Without the option it compresses: the daemon gives layers as they are.
    'skopeo --insecure-policy copy -q --dest-oci-accept-uncompressed-layers "docker-daemon:$1" "oci:$to:copy"; '
    'find "$to" -type f -exec sync {} +'
)


def sections(rounds: int) -> Iterator[Section]:
    """Two sizes of one layer from a mounted disk, and the larger one in a box beside what people use."""
    fewer = max(3, rounds // 3)
    yield _by_size(fewer)
    yield _beside_peers(fewer)


def _by_size(rounds: int) -> Section:
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        commands = []
        for mib in (_SMALL_MIB, _LARGE_MIB):
            disk = Path(name, f"disk-{mib}")
            (disk / "var/lib").mkdir(parents=True)
            write_data_root(disk / "var/lib/docker", _ONE, big=mib << 20)
            for variant, options in _VARIANTS:
                out = Path(name, f"out-{mib}{variant.replace(' --', '-')}")
                arguments = (DOCTOR, "salvage", "--quiet", "--root", str(disk), *options)
                commands.append(_afresh(_named(mib, variant), _SALVAGE_SCRIPT, out, *arguments))
        samples = measure_here(commands, rounds)
    most = _LARGE_MIB / _SMALL_MIB
    bars = []
    for variant, _ in _VARIANTS:
        small, large = _named(_SMALL_MIB, variant), _named(_LARGE_MIB, variant)
        bars += [
            Bar(name=large, figure="rss_mib", most=64),
            Bar(name=large, figure="rss_mib", most=1.1, times=small),
            Bar(name=large, figure="cpu_s", most=most, times=small),
        ]
    return Section(
        title="Salvage, and the size of a layer",
        about=f"One image of one layer of {_SMALL_MIB} and of {_LARGE_MIB} MiB from a mounted disk, warm: a file of random bytes, "
        "written out. Layers proven by their digest, written to an empty directory and synced.",
        samples=samples,
        bars=bars,
    )


def _named(mib: int, variant: str) -> str:
    return f"{_SALVAGE}{variant} ({mib} MiB)"


def _beside_peers(rounds: int) -> Section:
    with Box() as box:
        write_data_root(box.workdir / "docker", _ONE, big=_LARGE_MIB << 20)
        box.start_dockerd(timeout=120)
        name = box.docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()[0]
        save = 'docker save -o "$to/images.tar" "$1"; sync "$to/images.tar"'
        commands = [
            _afresh("docker save", save, Path(_OUT, "save"), name),
            _afresh(_SALVAGE, _SALVAGE_SCRIPT, Path(_OUT, "salvage"), DOCTOR, "salvage", "--quiet"),
        ]
        without = {}
        if shutil.which("skopeo"):
            commands.append(_afresh("skopeo copy", _SKOPEO_SCRIPT, Path(_OUT, "skopeo"), name))
        else:
            without["skopeo copy"] = "skopeo is not installed here"
        samples = measure_in(box, commands, rounds) | without
    return Section(
        title="Salvage beside docker save and skopeo copy",
        about=f"The image of {_LARGE_MIB} MiB in a box, dockerd up, as the other two need it; uncompressed, each result synced to the "
        "disk. `docker save` writes a tar, `skopeo copy` takes it from the daemon into an OCI layout, as salvage writes one. CPU of "
        "those is the client's alone.",
        samples=samples,
        bars=(
            Bar(name=_SALVAGE, figure="wall_s", most=1, times="docker save"),
            # Skopeo lets the daemon write the image to a temporary file first; the disk's speed is the same for both.
            Bar(name=_SALVAGE, figure="wall_s", most=0.7, times="skopeo copy"),
            Bar(name=_SALVAGE, figure="rss_mib", most=64),
        ),
    )


def _afresh(name: str, script: str, out: Path, *arguments: str) -> Command:
    """Run a script on a new directory each time: what is there would be kept, and removing it is nobody's work here."""
    begin = 'to=$1; shift; n=0; while [ -e "$to/$n" ]; do n=$((n+1)); done; to=$to/$n; mkdir -p "$to"; '
    return Command(name=name, argv=("bash", "-ec", begin + script, "afresh", str(out), *arguments))
