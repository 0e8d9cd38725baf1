"""A small seeded sample of the sweep over random hosts; `python -m tests.hosts.paths` runs thousands."""

import os
import sys

import pytest

from tests.hosts.paths import compare, rules_judge
from tests.hosts.paths.host import random_host

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="network namespaces need root on Linux"),
]


@pytest.mark.parametrize("seed", ["live.1", "live.2", "live.3"])
def test_each_rule_decides_as_in_the_kernel(seed: str) -> None:
    """The kernel reports each rule that a packet met (nftrace): the evaluator says the same of each, or that it is unknown."""
    found = rules_judge.judge(random_host(seed))
    print(found.host, *found.wrong.values(), sep="\n")
    assert not found.wrong
    assert found.counts["delivered"] > 100
    assert found.counts["unknown"] <= sum(found.counts.values()) / 10


@pytest.mark.parametrize("seed", ["live.11", "live.12", "live.13", "live.15", "live.16", "live.17", "live.18"])
def test_each_walk_ends_as_the_packets_do(seed: str) -> None:
    """Real packets on every way of a random host: no claim of the model is wrong, and few are missing."""
    found = compare.judge(random_host(seed))
    print(found.host, *found.wrong.values(), *found.misplaced, sep="\n")
    assert not found.wrong
    assert sum(found.counts[kind] for kind in ("delivered", "dropped", "unknown")) > 50
    assert found.counts["unknown"] <= sum(found.counts.values()) / 2
