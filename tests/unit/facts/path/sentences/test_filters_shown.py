"""Filters of tc that nobody can judge are shown with their commands."""

import pytest

from checks.network.path.path_undecided import path_undecided
from doctor.facts.path.paths import Paths, Undecided
from doctor.facts.path.way import Way

WAY = Way(kind="egress", start="web", end="outside", target="192.0.2.80")


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        (
            "filters of tc on docker0",
            ["tc -s filter show dev docker0 ingress", "tc -s filter show dev docker0 egress"],
        ),
        ("filters of tc on eth0 in web", []),
        ("a rule with a rate", []),
    ],
)
def test_filters_of_the_host_have_commands(text: str, commands: list[str]) -> None:
    [found] = path_undecided(Paths(undecided=(Undecided(text=text, ways=(WAY,)),)))
    assert [one.source for one in found.evidence[1:]] == commands
