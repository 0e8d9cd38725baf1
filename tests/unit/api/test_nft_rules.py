"""A rule of nft that a person lets doctor remove is put back at its place, and nothing else is touched."""

import json
from pathlib import Path

import pytest

from doctor.api.actions.firewall.nft_rules import AcceptByNftPolicy, DeleteNftRule
from doctor.host.base import CommandResult
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.step import Run

LISTED = """table inet site {
	chain c { # handle 1
		type filter hook forward priority filter; policy drop;
		ip saddr 192.0.2.1 accept # handle 4
		ip saddr @bad counter packets 7 bytes 420 drop # handle 5
		iifname "tun9" drop # handle 9
	}
}
"""
CHAIN = {
    "family": "inet",
    "table": "site",
    "name": "c",
    "handle": 1,
    "type": "filter",
    "hook": "forward",
    "policy": "drop",
}
RULES = [
    {"rule": {"family": "inet", "table": "site", "chain": "c", "handle": handle, "expr": []}} for handle in (4, 5, 9)
]


@pytest.fixture
def host(tmp_path: Path) -> OverlayHost:
    """A host with one table."""
    listed = json.dumps({"nftables": [{"chain": CHAIN}, *RULES]}).encode()
    commands = {
        ("nft", "-a", "list", "chain", "inet", "site", "c"): CommandResult(0, LISTED.encode(), b""),
        ("nft", "-j", "list", "ruleset"): CommandResult(0, listed, b""),
    }
    return OverlayHost(RootHost(str(tmp_path), RecordedAnswers(live=True, commands=commands)))


def _steps(host: OverlayHost, handle: int, text: str) -> list[Run]:
    action = DeleteNftRule(family="inet", table="site", chain="c", handle=handle, text=text)
    steps = [step for step in action.steps(host) if isinstance(step, Run)]
    for step in steps:
        host.apply(step)
    return steps


def test_the_undo_names_the_place_and_keeps_the_counters(host: OverlayHost) -> None:
    """By the index of the rule above: a neighbour's handle may be another one by then."""
    (step,) = _steps(host, 5, "ip saddr @bad counter drop")
    assert step.argv == ("nft", "delete", "rule", "inet", "site", "c", "handle", "5")
    assert step.undo_stdin == (b"add rule inet site c index 0 ip saddr @bad counter packets 7 bytes 420 drop\n",)


def test_neighbours_are_put_back_in_reverse_order(host: OverlayHost) -> None:
    """Each undo finds the chain as its own removal left it."""
    (first,) = _steps(host, 4, "ip saddr 192.0.2.1 accept")
    (second,) = _steps(host, 5, "ip saddr @bad counter drop")
    assert first.undo_stdin[0].startswith(b"insert rule inet site c ip saddr 192.0.2.1")
    assert second.undo_stdin[0].startswith(b"insert rule inet site c ip saddr @bad")
    left = json.loads(host.run(("nft", "-j", "list", "ruleset")).stdout)["nftables"]
    assert [one["rule"]["handle"] for one in left if "rule" in one] == [9]


def test_another_rule_under_the_handle_is_left_alone(host: OverlayHost) -> None:
    """Its owner has loaded the table again since the scan."""
    assert _steps(host, 5, "ip saddr @worse drop") == []
    assert _steps(host, 6, "ip saddr @bad counter drop") == []


def test_a_policy_is_opened_and_closed_again(host: OverlayHost) -> None:
    """The undo sets the policy that was there."""
    (step,) = (
        one for one in AcceptByNftPolicy(family="inet", table="site", chain="c").steps(host) if isinstance(one, Run)
    )
    assert step.argv[-1] == "{ policy accept ; }"
    assert step.undo == (("nft", "chain", "inet", "site", "c", "{ policy drop ; }"),)
    host.apply(step)
    listed = json.loads(host.run(("nft", "-j", "list", "ruleset")).stdout)["nftables"]
    assert listed[0]["chain"]["policy"] == "accept"
