"""`doctor scan --deep` against what reading and hashing the same bytes costs, `docker save` and `podman system check`."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from benchmarks.dataroot import Size, generate
from benchmarks.hosts import CHECKOUT, PYTHON, measure_here, measure_in, scan
from benchmarks.measure import TIMEOUT_S, Command, CommandFailedError
from benchmarks.rootgen.entry import Content, Entry
from benchmarks.rootgen.images import ImageWriter
from benchmarks.rootgen.tree import Builder, Visible, ordered, with_parents
from benchmarks.table import Bar, Section
from tests.hosts.box import Box

_DEEP = ("--deep", "--select", "state/layer-content-altered,state/layer-metadata-lost,state/layer-extra-files")
_IMAGES, _LAYERS = 3, 6
_BIG_BYTES = 192 << 20
_FILES = 4000
_NOTHING = Size(images=0, layers=0, containers=0, volumes=0, networks=0)
_PODMAN = "podman system check"
_PODMAN_STORE = "/var/lib/containerd/podman"
"""Inside the box: an overlay store can't stand on the box's own root, which is one, and nobody else uses this disk."""
_PODMAN_ARGV = ("podman", "--root", _PODMAN_STORE, "--runroot", "/run/podman-store", "--storage-driver", "overlay")


def sections(rounds: int) -> Iterator[Section]:
    """Layers of large files, layers of small ones, and the same in a box beside `docker save`."""
    fewer = max(3, rounds // 3)
    yield _against_reading("large", fewer)
    yield _against_reading("small", fewer)
    yield _against_save(fewer)


def _against_reading(kind: str, rounds: int) -> Section:
    with tempfile.TemporaryDirectory(prefix="doctor-bench-") as name:
        root = Path(name, "disk")
        (root / "var/lib").mkdir(parents=True)
        _written(root / "var/lib/docker", kind)
        state = str(root.parent / "state")
        tops = [str(path) for path in (root / "var/lib/docker/overlay2").glob("*/diff")]
        commands = [
            _reading("hashlib", "hash", tops),
            _reading("reading", "read", tops),
            Command(
                name="tar", argv=("sh", "-c", 'tar --xattrs -cf - "$@" 2>/dev/null | cat >/dev/null', "tar", *tops)
            ),
            scan(
                "doctor scan (the same without --deep)",
                "--root",
                str(root),
                "--select",
                "state/layer-metadata-empty",
                state=state,
            ),
            _deep("--root", str(root), state=state),
        ]
        size, count = _measured(tops)
        samples = measure_here(commands, rounds)
    bars = {
        # 85 % of the speed.
        "large": (Bar(name="doctor scan --deep", figure="wall_s", most=1 / 0.85, times="hashlib"),),
        "small": (
            Bar(name="doctor scan --deep", figure="wall_s", most=1.5, times="reading"),
            Bar(name="doctor scan --deep", figure="cpu_s", most=1.5, times="reading"),
        ),
    }[kind]
    return Section(
        title=f"Deep verification, {kind} files",
        about=f"{_LAYERS} layers, {count:,} files, {size / 1e6:,.0f} MB, warm. `hashlib` is `file_digest` of every file with a process "
        "a core; `reading` opens, reads and closes; `tar` also reads owners and attributes.",
        samples=samples,
        bars=(*bars, Bar(name="doctor scan --deep", figure="rss_mib", most=64)),
    )


def _against_save(rounds: int) -> Section:
    with Box() as box:
        _written(box.workdir / "docker", "both")
        box.start_dockerd(timeout=120)
        names = sorted(set(box.docker("images", "-q", "--no-trunc").split()))
        save = 'docker save "$@" | cat >/dev/null'
        commands = [
            Command(name="docker save", argv=("bash", "-o", "pipefail", "-c", save, "save", *names)),
            _deep(),
        ]
        without = ""
        try:
            _load(box, names)
            commands.append(Command(name=_PODMAN, argv=(*_PODMAN_ARGV, "system", "check")))
        except CommandFailedError as error:
            without = str(error)
        samples = measure_in(box, commands, rounds)
        if without:
            samples[_PODMAN] = without
    return Section(
        title="Deep verification beside docker save and podman system check",
        about="The same content in a box, dockerd up: `docker save` of all images to nowhere checks every file's checksum, too; its "
        f"CPU is the client's alone. `{_PODMAN}` compares a store that the same images were loaded into with its records.",
        samples=samples,
        bars=(
            Bar(name="doctor scan --deep", figure="wall_s", most=0.2, times="docker save"),
            Bar(name="doctor scan --deep", figure="wall_s", most=0.2, times=_PODMAN),
            Bar(name="doctor scan --deep", figure="cpu_s", most=0.2, times=_PODMAN),
        ),
    )


def _load(box: Box, images: list[str]) -> None:
    """Load the engine's images into podman's store. Raises `CommandFailedError` where it is not there or has not all of them."""
    if shutil.which("podman") is None:
        raise CommandFailedError("podman is not installed here")
    # One by one: of an archive with several images without names only the first is loaded.
    script = f'for image; do docker save "$image" | {shlex.join(_PODMAN_ARGV)} load; done'
    loaded = box.run(["bash", "-e", "-o", "pipefail", "-c", script, "load", *images], check=False, timeout=TIMEOUT_S)
    there = set(box.run([*_PODMAN_ARGV, "images", "--all", "--quiet", "--no-trunc"], check=False).stdout.split())
    if loaded.returncode or there != set(images):
        last = " ".join(loaded.stderr.split()[-20:])
        raise CommandFailedError(f"podman has {len(there & set(images))} of {len(images)} images: {last}")


def _deep(*arguments: str, state: str = "") -> Command:
    """The command under test: only a root found whole counts, or a scan that could not look would be the fastest."""
    return replace(scan("doctor scan --deep", *arguments, *_DEEP, state=state), exits=(0,))


def _reading(name: str, mode: str, tops: list[str]) -> Command:
    return Command(
        name=name, argv=(PYTHON, "-m", "benchmarks.reading", mode, *tops), env=(("PYTHONPATH", str(CHECKOUT)),)
    )


def _measured(tops: list[str]) -> tuple[int, int]:
    sizes = [
        os.lstat(os.path.join(folder, name)).st_size
        for top in tops
        for folder, _, names in os.walk(top)
        for name in names
    ]
    return sum(sizes), len(sizes)


def _written(directory: Path, kind: str) -> None:
    """Write a data root in a process of its own, so that the measuring one stays small."""
    order = [PYTHON, "-m", "benchmarks.bars.deep", str(directory), kind]
    subprocess.run(order, cwd=CHECKOUT, check=True)


class _Many(Builder):
    """Layers of many small files: 17 KB on the average, as in images of programs."""

    def __init__(self, rng: Random, *, big_bytes: int, files: int) -> None:
        super().__init__(rng, big_bytes=big_bytes)
        block = rng.randbytes(1 << 12)
        self._contents = [
            Content(rng.randbytes(rng.randint(1, 900)), block, rng.choice((0, 0, 1, 2, 16))) for _ in range(200)
        ]
        self._files = files
        self._random = rng

    def upper(self, number: int, below: Visible, mtime: int) -> tuple[list[Entry], Visible]:
        """A layer of a hundred files a directory."""
        entries, visible = super().upper(number, below, mtime)
        more = [
            Entry(
                path=f"usr/lib/many-{number}/{index // 100:03}/file-{index % 100:02}.txt",
                content=self._random.choice(self._contents),
                mtime=mtime,
            )
            for index in range(self._files)
        ]
        known = {entry.path for entry in entries}
        added = [entry for entry in with_parents(more, mtime) if entry.path not in known]
        return ordered([*entries, *added]), visible


def _main() -> None:
    directory, kind = Path(sys.argv[1]), sys.argv[2]
    generate(directory, _NOTHING)
    (directory / "image/overlay2/repositories.json").unlink()
    rng = Random(0)
    big = _BIG_BYTES if kind in {"large", "both"} else 0
    files = _FILES if kind in {"small", "both"} else 0
    before = os.umask(0)
    builder = _Many(rng, big_bytes=big, files=files)
    ImageWriter(str(directory), rng, builder, engine="26.1.5").write_all(_IMAGES, _LAYERS)
    os.umask(before)


if __name__ == "__main__":
    _main()
