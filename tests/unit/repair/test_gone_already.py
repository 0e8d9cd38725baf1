"""An undo that removes a rule whose chain is gone has nothing left to do; one that puts a rule back there has failed."""

import pytest

from doctor.model.step import Run
from doctor.repair.steps.perform import is_gone

LEGACY = "iptables-restore: line {} failed"
NO_CHAIN = "iptables-nft-restore: line 2 failed: No chain/target/match by that name."


@pytest.mark.parametrize(
    ("line", "said", "gone"),
    [
        ("-D DOCKER -i docker0 -j RETURN", NO_CHAIN, True),
        ("-X DOCKER", NO_CHAIN, True),
        ("-D FORWARD -j DOCKER", "Bad rule (does a matching rule exist in that chain?).", True),
        ("-I DOCKER 1 -i docker0 -j RETURN", NO_CHAIN, False),
        ("-D FORWARD -j DOCKER\n-I FORWARD 1 -j DOCKER", NO_CHAIN, False),
        ("-D FORWARD -j DOCKER", "iptables: Resource temporarily unavailable.", False),
        ("-D FORWARD -j DROP", LEGACY.format(2), True),
        ("-D FORWARD -j DROP", LEGACY.format(3), False),
        ("-D FORWARD -j DROP", LEGACY.format(9), False),
        ("-X site", LEGACY.format(2), False),
        ("-I FORWARD 1 -j DROP", LEGACY.format(2), False),
        ("-D FORWARD -j DROP\n-I FORWARD 1 -j DROP", LEGACY.format(2), False),
        ("-D FORWARD -j DROP", "iptables-restore v1.8.11 (legacy): Couldn't load match `geoip'", False),
    ],
)
def test_only_what_is_removed_may_be_gone(line: str, said: str, *, gone: bool) -> None:
    step = Run(argv=("iptables-restore", "--noflush"), stdin=f"*filter\n{line}\nCOMMIT\n".encode())
    assert is_gone(step, said) is gone
