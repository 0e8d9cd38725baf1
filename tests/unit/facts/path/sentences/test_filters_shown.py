"""Filters of tc that nobody can judge are shown with their commands."""

import pytest
from msgspec.structs import replace

from checks.network.path.path_undecided import path_undecided
from doctor.facts.path.paths import Paths, Undecided
from doctor.facts.path.way import Way
from doctor.model.finding import Finding

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
    assert [one.source for one in found.evidence[3:]] == commands


NEW = replace(WAY, start="a new container on docker0", kind="egress-new")
WAYS = {
    "web 192.0.2.80:443": replace(WAY, port=443),
    "web [2001:db8::1]:443": replace(WAY, target="2001:db8::1", port=443),
    "web 192.0.2.53:53/udp": Way(kind="dns", start="web", end="outside", target="192.0.2.53", port=53, protocol="udp"),
    "web 172.17.0.3": Way(kind="peer", start="web", end="db", target="172.17.0.3", protocol="icmp"),
    "web outside:8080": Way(kind="published", start="outside", end="web", target="192.0.2.5", port=8080),
    "web outside:53/udp": Way(
        kind="published", start="outside", end="web", target="192.0.2.5", port=53, protocol="udp"
    ),
}


@pytest.mark.parametrize("arguments", WAYS)
def test_the_commands_that_decide_it_are_whole(arguments: str) -> None:
    """They send packets: on all ways, and one on the first way of a container that exists."""
    [found] = path_undecided(Paths(undecided=(Undecided(text="a rate", ways=(NEW, WAYS[arguments])),)))
    assert commands_of(found) == ["doctor scan --probe", f"doctor probe --trace {arguments}"]


def test_nobody_can_send_a_packet_from_a_container_that_does_not_exist() -> None:
    [found] = path_undecided(Paths(undecided=(Undecided(text="a rate", ways=(NEW,)),)))
    assert commands_of(found) == ["doctor scan --probe"]


def commands_of(finding: Finding) -> list[str]:
    """The commands in the evidence after the rule."""
    return [one.value.split("'")[1] for one in finding.evidence[1:]]
