"""Policies of IPsec: they block packets, let them pass, or leave them to a tunnel."""

import pytest
from msgspec.structs import replace

from doctor.facts.path.namespace import XfrmPolicy, XfrmState
from doctor.formats.netlink.policies import XfrmTemplate
from tests.unit.facts.path.small_world import ENGINE, WAYS, host, walked, world

ANY = "0.0.0.0/0"
TUNNEL = (XfrmTemplate(destination="203.0.113.9", protocol="esp", reqid=7),)
KEYS = (XfrmState(destination="203.0.113.9", protocol="esp", reqid=7),)


def _end(kind: str, *policies: XfrmPolicy, states: tuple[XfrmState, ...] = ()) -> str:
    return walked(world(of_host=replace(host(), policies=policies, states=states)), WAYS[kind]).end


def _block(direction: str, source: str = ANY, destination: str = ANY, **more: object) -> XfrmPolicy:
    return replace(XfrmPolicy(direction=direction, source=source, destination=destination, is_block=True), **more)


@pytest.mark.parametrize(
    ("kind", "policy", "end"),
    [
        ("egress", _block("fwd", "172.17.0.0/16"), "dropped"),
        ("egress", _block("fwd", "172.18.0.0/16"), "delivered"),
        ("egress", _block("out", "192.0.2.5/32"), "dropped"),  # after masquerading
        ("egress", _block("out", "172.17.0.0/16"), "dropped"),  # before it
        ("egress", _block("in"), "delivered"),
        ("egress", _block("fwd", protocol=6, dport=(443, 0xFFFF)), "dropped"),
        ("egress", _block("fwd", protocol=6, dport=(444, 0xFFFF)), "delivered"),
        ("egress", _block("fwd", protocol=17), "delivered"),
        ("egress", _block("fwd", mark=(1, 1)), "delivered"),
        ("egress", _block("fwd", interface=3), "delivered"),
        ("egress", _block("fwd", device=77), "delivered"),
        ("egress", _block("fwd", version=6), "delivered"),
        # A policy for arriving packets has the addresses of before the translation.
        ("published", _block("fwd", destination="172.17.0.2/32"), "delivered"),
        ("published", _block("fwd", destination="192.0.2.5/32"), "dropped"),
    ],
)
def test_a_policy_blocks_what_it_is_about(kind: str, policy: XfrmPolicy, end: str) -> None:
    assert _end(kind, policy) == end


def test_the_policy_of_the_lowest_priority_decides() -> None:
    allows = XfrmPolicy(direction="fwd", source="172.17.0.0/16", destination=ANY, priority=1)
    assert _end("egress", _block("fwd", "172.17.0.0/16", priority=2), allows) == "delivered"
    assert _end("egress", _block("fwd", "172.17.0.0/16"), allows) == "dropped"


@pytest.mark.parametrize(
    ("direction", "states", "end"), [("out", (), "dropped"), ("out", KEYS, "unknown"), ("fwd", (), "dropped")]
)
def test_a_tunnel_without_keys_ends_packets(direction: str, states: tuple[XfrmState, ...], end: str) -> None:
    policy = XfrmPolicy(direction=direction, source=ANY, destination=ANY, templates=TUNNEL)
    assert _end("egress", policy, states=states) == end


def test_an_optional_template_lets_packets_pass() -> None:
    optional = (replace(TUNNEL[0], is_optional=True),)
    assert _end("egress", XfrmPolicy(direction="fwd", source=ANY, destination=ANY, templates=optional)) == "delivered"


def test_the_reason_names_the_policy() -> None:
    found = walked(world(of_host=replace(host(), policies=(_block("fwd", "172.17.0.0/16"),))), WAYS["egress"])
    assert found.reason == "the XFRM policy dir fwd src 172.17.0.0/16 dst 0.0.0.0/0, which blocks them"
    assert found.cause == "xfrm"


@pytest.mark.parametrize(
    ("key", "direction", "end"),
    [
        ("all.disable_xfrm", "out", "delivered"),
        ("eth0.disable_xfrm", "out", "delivered"),
        ("docker0.disable_policy", "out", "dropped"),
        ("docker0.disable_policy", "fwd", "delivered"),
    ],
)
def test_interfaces_may_be_left_out_of_policies(key: str, direction: str, end: str) -> None:
    settings = {**host().sysctls, f"net.ipv4.conf.{key}": "1"}
    own = replace(host(), policies=(_block(direction, "172.17.0.0/16"),), sysctls=settings)
    assert walked(world(of_host=own), WAYS["egress"]).end == end


def test_policies_about_another_source_of_a_bridged_packet_are_doubt() -> None:
    """bridge-nf translates between two ports; if the policy takes it depends on how the bridge routed it. Found by random hosts."""
    straight = ENGINE.replace("-A DOCKER -i docker0 -j RETURN\n", "", 1).replace(
        "-A DOCKER ! -i docker0 -p", "-A DOCKER -p"
    )
    hairpin = "-A POSTROUTING -s 172.17.0.0/16 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n-A POSTROUTING"
    masked = straight.replace("-A POSTROUTING", hairpin, 1)
    bridged = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}
    way = replace(WAYS["hairpin"], start="bb")
    for policies, end in (((), "delivered"), ((_block("out", "172.17.0.1/32"),), "unknown")):
        small = world(of_host=replace(host(sysctls=bridged), policies=policies), saved=masked)
        assert walked(small, way).end == end
