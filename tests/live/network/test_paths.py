"""A small seeded sample of the sweep over random hosts; `python -m tests.hosts.paths` runs thousands."""

import os
import sys

import pytest

from tests.hosts.paths.host import random_host
from tests.hosts.paths.rules_judge import judge

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="network namespaces need root on Linux"),
]


@pytest.mark.parametrize("seed", ["live.1", "live.2", "live.3", "live.4", "live.5", "live.6"])
def test_each_rule_decides_as_in_the_kernel(seed: str) -> None:
    """The kernel reports each rule that a packet met (nftrace): the evaluator says the same of each, or that it is unknown."""
    found = judge(random_host(seed))
    print(found.host, *found.wrong.values(), sep="\n")
    assert not found.wrong
    assert found.counts["delivered"] > 100
    assert found.counts["unknown"] <= sum(found.counts.values()) / 10
