"""Zones of connection tracking: an answer in another zone than its connection is not translated back."""

import pytest
from msgspec.structs import replace

from doctor.facts.path.world import PathSocket
from tests.unit.facts.path.small_world import ENGINE, WAYS, walked, world


def _raw(*rules: str) -> str:
    lines = "".join(f"-A PREROUTING {rule}\n" for rule in rules)
    return ENGINE.replace("*filter", f"*raw\n:PREROUTING ACCEPT [0:0]\n{lines}COMMIT\n*filter", 1)


@pytest.mark.parametrize("device", ["eth0", "docker0"])
@pytest.mark.parametrize("kind", ["egress", "published"])
def test_another_zone_in_one_direction_ends_answers_and_names_the_rule(device: str, kind: str) -> None:
    found = walked(world(saved=_raw(f"-i {device} -j CT --zone 7")), WAYS[kind])
    assert (found.end, found.is_answer, found.cause, found.table, found.chain) == (
        "dropped",
        True,
        "rule",
        "ip raw",
        "PREROUTING",
    )
    assert found.rule == f"-A PREROUTING -i {device} -j CT --zone 7"
    assert "another zone of connection tracking" in found.says


@pytest.mark.parametrize("kind", ["egress", "published"])
def test_one_zone_for_both_directions_ends_nothing(kind: str) -> None:
    assert (
        walked(world(saved=_raw("-i eth0 -j CT --zone 7", "-i docker0 -j CT --zone 7")), WAYS[kind]).end == "delivered"
    )


@pytest.mark.parametrize("rule", ["-i tun7 -j CT --zone 7", "-i eth0 -j CT --zone 0"])
def test_a_zone_of_other_packets_ends_nothing(rule: str) -> None:
    assert walked(world(saved=_raw(rule)), WAYS["egress"]).end == "delivered"


@pytest.mark.parametrize("option", ["--zone-orig 7", "--zone-reply 7", "--zone mark"])
def test_a_zone_of_one_direction_or_by_mark_is_doubt(option: str) -> None:
    assert walked(world(saved=_raw(f"-i eth0 -j CT {option}")), WAYS["egress"]).end == "unknown"


def test_the_first_rule_that_chooses_a_zone_decides() -> None:
    saved = _raw("-i eth0 -j CT --zone 7", "-j CT --zone 3", "-i docker0 -j CT --zone 7")
    assert walked(world(saved=saved), WAYS["egress"]).end == "dropped"
    assert walked(world(saved=_raw("-j CT --zone 3", "-i eth0 -j CT --zone 7")), WAYS["egress"]).end == "delivered"


def test_a_handshake_of_which_a_zone_sees_one_side_is_invalid() -> None:
    """The host's SYN is in zone 0, the answer in zone 7: its confirmation belongs to no handshake that zone 0 knows."""
    drop = "-A OUTPUT -m conntrack --ctstate INVALID -j DROP\n"
    head, last, tail = _raw("-i docker0 -j CT --zone 7").rpartition("COMMIT")
    found = walked(world(saved=f"{head}{drop}{last}{tail}"), WAYS["host-to-container"])
    assert (found.end, found.is_answer) == ("dropped", False)
    assert "another zone of connection tracking" in found.says
    untouched = ENGINE.rpartition("COMMIT")
    plain = f"{untouched[0]}{drop}{untouched[1]}{untouched[2]}"
    assert walked(world(saved=plain), WAYS["host-to-container"]).end == "delivered"


def test_a_packet_of_a_zone_is_tracked_whatever_follows() -> None:
    rules = ("-j CT --zone 3", "-j CT --notrack")
    assert walked(world(saved=_raw(*rules)), WAYS["egress"]).end == "delivered"
    assert walked(world(saved=_raw(*reversed(rules))), WAYS["egress"]).end == "dropped"


def test_later_packets_that_a_rule_leaves_untranslated_are_not_of_their_connection() -> None:
    way = replace(WAYS["egress"], data=1500)
    saved = _raw("-i docker0 -m length --length 1000:65535 -j CT --notrack")
    assert walked(world(saved=saved), way).end == "unknown"
    assert walked(world(saved=ENGINE), way).end == "delivered"


def test_nothing_of_tcp_may_follow_a_packet_whose_answer_was_tracked_elsewhere() -> None:
    """The container's confirmation is invalid then."""
    saved = _raw("-i docker0 -j CT --zone 7").replace(
        "-A DOCKER-USER -j RETURN", "-A DOCKER-USER -j RETURN\n-A INPUT -m conntrack --ctstate INVALID -j DROP"
    )
    way = replace(WAYS["gateway"], protocol="tcp", port=9000)
    sockets = (PathSocket(protocol="tcp", port=9000),)
    found = walked(world(saved=saved, sockets=sockets), way)
    assert found.end == "dropped"
    assert "-A INPUT -m conntrack --ctstate INVALID -j DROP" in found.hops[-1].text


def test_a_zone_of_what_the_host_sends_to_itself_is_doubt() -> None:
    """It is tracked when it leaves and when it arrives, and its answers are in no zone. Found by random hosts."""
    raw = "*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 8080 -j CT --zone 7\nCOMMIT\n*filter"
    saved = ENGINE.replace("*filter", raw, 1)
    assert walked(world(saved=saved), WAYS["loopback"]).end == "unknown"
    assert walked(world(), WAYS["loopback"]).end == "delivered"
