"""Twice as much takes at most a little more than twice as long: what an attacker or years of use can make large."""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.collect.layers.tar_splits import _problem
from doctor.host.recorded import RootHost
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.plugins.load import load as load_catalog
from doctor.proof.tar.tar_split import read
from doctor.scan.run import scan
from tests.cases import roots

CATALOG = load_catalog()
CHECKS = CATALOG.choose(("state",), ())
GROWTH = 2.5
FLOOR_S = 0.05
"""Things that exist at any size."""


def growth(run: Callable[[int], object], size: int) -> float:
    """Return how much longer twice the size takes, by CPU time: the best of up to six looks, as other work only adds to one.

    Work that is quadratic takes four times as long in each of them.
    """
    best = [float("inf"), float("inf")]
    ratio = float("inf")
    for _ in range(6):
        for place, count in enumerate((size, 2 * size)):
            started = time.process_time()
            run(count)
            best[place] = min(best[place], time.process_time() - started)
        ratio = best[1] / max(best[0], FLOOR_S)
        if ratio <= GROWTH:
            break
    return ratio


def cpu_s(run: Callable[[], object], limit: float) -> float:
    """Return the CPU seconds it takes, the least of up to three looks: one below ``limit`` ends them."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        run()
        spent.append(time.process_time() - started)
        if spent[-1] < limit:
            break
    return min(spent)


def dangling(top: Path, count: int) -> RootHost:
    """A root whose list has so many names of images that are not there."""
    names: dict[str, dict[str, str]] = {}
    for number in range(count):
        digest = f"sha256:{hashlib.sha256(b'%d' % number).hexdigest()}"
        names.setdefault(f"repo{number % 50}", {})[f"repo{number % 50}:v{number}"] = digest
    (top / roots.STORE / "repositories.json").write_text(json.dumps({"Repositories": names}))
    return RootHost(str(top))


def test_names_of_lost_images_cost_their_number(tmp_path: Path) -> None:
    """8,000 of them once took 102 s: each symptom listed each cause, and each image searched all names."""
    roots.build(*roots.PARTS).write(tmp_path)
    found = scan(dangling(tmp_path, 4000), CATALOG, CHECKS)
    assert len([finding for finding in found.findings if finding.id == "state/tag-dangling"]) == 4000
    assert max(len(finding.causes) for finding in found.findings) < 20
    ratio = growth(lambda count: scan(dangling(tmp_path, count), CATALOG, CHECKS), 4000)
    assert ratio <= GROWTH
    host = dangling(tmp_path, 8000)
    assert cpu_s(lambda: scan(host, CATALOG, CHECKS), 2) < 2


def packed(line: bytes, count: int) -> bytes:
    """A gzip of so many equal lines."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    pieces = [packer.compress(line * 10_000) for _ in range(count // 10_000)]
    return b"".join((*pieces, packer.flush()))


TINY = b'{"type":2,"payload":"AAA=","position":0}\n'
EMPTY = b'{"type":1,"name":"a","size":0,"payload":"","position":0}\n'


@pytest.mark.parametrize("line", [TINY, EMPTY, TINY + EMPTY], ids=["raw", "files", "both"])
def test_millions_of_tiny_lines_are_not_read_to_their_end(line: bytes) -> None:
    """30 million of them compress to a few MiB and took 82 s: a tar has a header for each entry, so they are none."""
    data = packed(line, 3_000_000)

    def refused() -> None:
        with pytest.raises(FormatError, match="more lines than a tar has headers for"):
            for _ in read([data]):
                pass

    assert cpu_s(refused, 0.5) < 0.5


@pytest.mark.parametrize("deep", [False, True])
def test_a_bomb_in_a_root_costs_a_scan_little(tmp_path: Path, *, deep: bool) -> None:
    """With --deep the time grew with the square of the lines: 130 s for three million."""
    tree = roots.build(*roots.PARTS)
    tree.put(f"{roots.STORE}/layerdb/sha256/{roots.CHAIN_TOP}/tar-split.json.gz", packed(TINY, 3_000_000))
    tree.write(tmp_path)
    host = RootHost(str(tmp_path))
    found = scan(host, CATALOG, CHECKS, deep=deep)
    assert cpu_s(lambda: scan(host, CATALOG, CHECKS, deep=deep), 2) < 2
    assert deep == any(finding.id == "state/tar-split-damaged" for finding in found.findings)


def raw_lines(count: int) -> bytes:
    """Blocks of a tar without an end."""
    payload = base64.b64encode(bytes(512)).decode()
    return packed(f'{{"type":2,"payload":"{payload}","position":0}}\n'.encode(), count)


def test_a_large_tar_split_costs_its_size(tmp_path: Path) -> None:
    """As large as an engine writes them, read to the end; a scan leaves what is over its limit, and calls it no damage."""
    for count in (100_000, 200_000):
        (tmp_path / f"{count}").write_bytes(raw_lines(count))
    host = RootHost(str(tmp_path))
    assert growth(lambda count: _problem(host, HostPath(f"/{count}")), 100_000) <= GROWTH
    with pytest.raises(HostError, match="not read: more than"):
        _problem(host, HostPath("/200000"), 10 << 20)
