"""Twice as much takes at most a little more than twice as long: what an attacker or years of use can make large."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from doctor.host.recorded import RootHost
from doctor.plugins.load import load as load_catalog
from doctor.scan.run import scan
from tests.cases.state import roots
from tests.cases.state.make import _write_tree

CATALOG = load_catalog()
CHECKS = CATALOG.choose(("state",), ())
GROWTH = 2.5
FLOOR_S = 0.05
"""What is there at any size."""


def growth(run: Callable[[int], object], size: int) -> float:
    """Return how much longer twice the size takes, by CPU time, the best of three looks at each."""
    spent = []
    for count in (size, 2 * size):
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            run(count)
            best = min(best, time.process_time() - started)
        spent.append(best)
    return spent[1] / max(spent[0], FLOOR_S)


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
    _write_tree(tmp_path, roots.build(*roots.PARTS).entries)
    found = scan(dangling(tmp_path, 4000), CATALOG, CHECKS)
    assert len([finding for finding in found.findings if finding.id == "state/tag-dangling"]) == 4000
    assert max(len(finding.causes) for finding in found.findings) < 20
    ratio = growth(lambda count: scan(dangling(tmp_path, count), CATALOG, CHECKS), 4000)
    assert ratio <= GROWTH
    started = time.process_time()
    scan(dangling(tmp_path, 8000), CATALOG, CHECKS)
    assert time.process_time() - started < 2
