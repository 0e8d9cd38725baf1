"""Measure bundles of a host: `python -m benchmarks.bundle ROOT`, where ROOT is the disk of a host or "/" for this one.

Prints CPU time, wall time and largest resident memory of the installed command, sizes, and what recorded answers would take: each file
that a scan and a plan read.
"""

import argparse
import gzip
import io
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import msgspec

from doctor.host.files import RootedFiles
from doctor.host.recorded import RootHost
from doctor.model.severity import Applicability
from doctor.plugins.load import load
from doctor.repair.planning.plan import make_plan


def measured(*words: str) -> str:
    """Run doctor; return CPU seconds, wall seconds and MiB of memory."""
    program = str(Path(sys.executable).with_name("doctor"))
    began = time.perf_counter()
    process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    return f"{used.ru_utime + used.ru_stime:6.2f} s CPU {wall:6.2f} s {used.ru_maxrss / 1024:5.0f} MiB, exit {os.waitstatus_to_exitcode(status)}"


def recorded(root: str) -> tuple[int, int, int]:
    """Return how many files a scan and a plan read, their bytes, and the bytes of a tar.gz of them."""
    contents: dict[str, bytes] = {}
    read = RootedFiles.read

    def noted(self: RootedFiles, path: Any, **options: Any) -> bytes:
        contents[path] = read(self, path, **options)
        return contents[path]

    RootedFiles.read = noted  # type: ignore[assignment, method-assign]
    catalog = load()
    make_plan(RootHost(root), catalog, catalog.choose((), ()), allow=Applicability.DESTRUCTIVE)
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for path, content in sorted(contents.items()):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return len(contents), sum(map(len, contents.values())), len(packed.getvalue())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    root = parser.parse_args().root
    where = ["--root", root] if root != "/" else []
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.bundle"
        print(f"scan              {measured('scan', *where)}")
        print(f"bundle            {measured('bundle', '-o', path, *where)}")
        print(f"scan --bundle     {measured('scan', '--bundle', path)}")
        print(f"fix --bundle      {measured('fix', '--bundle', path)}")
        raw = Path(path).read_bytes()
    content = zlib.decompress(raw, 31)
    line = content.partition(b"\n")[0]
    listed = msgspec.json.decode(line)
    print(f"size              {len(raw):,} bytes, unpacked {len(content):,}, list {len(line):,}")
    for part in sorted(listed["parts"], key=lambda one: -one["bytes"])[:8]:
        print(f"  {part['bytes']:>11,}  {part['name']}")
    print(f"from the host     {', '.join(listed['from_host']) or 'none'}")
    if where:
        files, size, packed = recorded(root)
        print(f"recorded answers  {files:,} files, {size:,} bytes, {packed:,} packed")
    print(f"this process      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
