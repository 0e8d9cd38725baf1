"""An accept in front of a rule of somebody else opens what that rule drops of the engine's traffic, and nothing below it."""

import json
from pathlib import Path

import pytest

from doctor.api.actions.firewall.nft import AcceptInNftChain
from doctor.host.base import CommandResult
from doctor.host.overlay import OverlayHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.step import Run

TABLE = ("nft", "-j", "list", "table", "inet", "site")
PORT_81 = {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 81}}
DROP = {
    "rule": {
        "family": "inet", "table": "site", "chain": "c", "handle": 5,
        "expr": [PORT_81, {"counter": {"packets": 7, "bytes": 420}}, {"drop": None}],
    }
}  # fmt: skip


def lines(tmp_path: Path, action: AcceptInNftChain) -> tuple[list[str], list[list[object]]]:
    """The rules that are loaded, and the conditions that the prediction has for them."""
    listed = CommandResult(0, json.dumps({"nftables": [DROP]}).encode(), b"")
    host = OverlayHost(RootHost(str(tmp_path), RecordedAnswers(live=True, commands={TABLE: listed})))
    (step,) = [step for step in action.steps(host) if isinstance(step, Run)]
    host.apply(step)
    after = [one["rule"] for one in json.loads(host.run(TABLE).stdout)["nftables"]]
    return step.stdin.decode().splitlines(), [one["expr"] for one in after if one.get("comment")]


def action(**changed: object) -> AcceptInNftChain:
    usual: dict[str, object] = {"traffic": ("egress", "reply"), "handle": 5, "rule": "tcp dport 81 counter drop"}
    return AcceptInNftChain(family="inet", table="site", chain="c", bridges=("docker0",), **(usual | changed))  # type: ignore[arg-type] - a field each


def test_only_packets_that_the_rule_drops_are_accepted(tmp_path: Path) -> None:
    """Rules below it may close other ports on purpose."""
    loaded, predicted = lines(tmp_path, action())
    assert loaded == [
        'insert rule inet site c handle 5 iifname { "docker0" } tcp dport 81 accept comment "container-doctor 5"',
        'insert rule inet site c handle 5 oifname { "docker0" } ct state established,related tcp dport 81 accept comment "container-doctor 5"',
    ]
    assert all(PORT_81 in conditions and len(conditions) in {3, 4} for conditions in predicted)


@pytest.mark.parametrize(
    "rule", ["drop", 'log prefix "x" drop', "limit rate over 5/second drop", "iifname vmap @ways", ""]
)
def test_a_rule_whose_conditions_can_not_be_repeated_is_passed_as_before(tmp_path: Path, rule: str) -> None:
    loaded, predicted = lines(tmp_path, action(rule=rule, traffic=("egress",)))
    assert loaded == ['insert rule inet site c handle 5 iifname { "docker0" } accept comment "container-doctor 5"']
    assert PORT_81 not in predicted[0]


def test_a_published_port_is_accepted_at_its_own_address_alone(tmp_path: Path) -> None:
    """At another address a program of the host may listen on the same port. Answers elsewhere are the host's own."""
    ports = (("tcp", 8080, ""), ("tcp", 8082, "127.0.0.1"), ("udp", 53, "fd00::1"))
    loaded, _ = lines(tmp_path, action(handle=0, traffic=("answer", "proxy-tcp", "proxy-udp"), ports=ports))
    inner, mark = 'add rule inet site c iifname { "lo", "docker0" }', 'accept comment "container-doctor"'
    assert loaded == [
        f"{inner} ct state established,related {mark}",
        f"{inner} tcp dport {{ 8080 }} {mark}",
        f"{inner} ip daddr 127.0.0.1 tcp dport {{ 8082 }} {mark}",
        f"{inner} ip6 daddr fd00::1 udp dport {{ 53 }} {mark}",
    ]
