"""Gateways in settings and leases, and which of them may be put back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.network.links import Address, Link, Links, Route
from doctor.facts.network.route_hints import RouteHint, RouteHints, fits, has_default, wants_default
from doctor.formats.network import gateways
from doctor.formats.network.gateways import Gateway

NETPLAN = {
    "gateway4": "network:\n  ethernets:\n    eth0:\n      gateway4: 192.0.2.1\n      dhcp4: false\n",
    "routes": "network:\n    version: 2\n    ethernets:\n        eth0:\n            routes:\n            -   to: 0.0.0.0/0\n"
    "                via: 192.0.2.1\n            -   to: 10.0.0.0/8\n                via: 192.0.2.9\n",
    "via first": "network:\n  ethernets:\n    eth0:\n      routes:\n        - via: 192.0.2.1\n          to: default\n",
    "flow": 'network:\n  ethernets:\n    eth0:\n      routes: [{to: default, via: "192.0.2.1"}, {to: 10.0.0.0/8, via: 192.0.2.9}]\n',
    "comments": "# by hand\nnetwork:\n  ethernets:\n    # the card\n    eth0:\n      gateway4: 192.0.2.1 # the router\n",
    "cloud-init": "network:\n  version: 1\n  config:\n  - type: physical\n    name: eth0\n    subnets:\n    - type: static\n"
    "      address: 192.0.2.5/24\n      gateway: 192.0.2.1\n",
}
PARSERS = (
    gateways.netplan, gateways.networkd, gateways.keyfile, gateways.ifupdown, gateways.dhclient, gateways.ifcfg,
    gateways.route_lines,
)  # fmt: skip


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in NETPLAN.items()])
def test_netplan_in_each_of_its_styles(text: str) -> None:
    (found,) = gateways.netplan(text)
    assert found in {Gateway("eth0", "192.0.2.1"), Gateway("", "192.0.2.1")}
    assert bool(found.device) == ("ethernets" in text)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (gateways.networkd("[Match]\nName=eth0\n[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\nMetric=50\n"), 50),
        (gateways.keyfile("[connection]\ninterface-name=eth0\n[ipv4]\nroute1=0.0.0.0/0,192.0.2.1,50\n"), 50),
        (gateways.keyfile("[connection]\ninterface-name=eth0\n[ipv4]\ngateway=192.0.2.1\n"), 0),
        (gateways.ifupdown("auto eth0\niface eth0 inet manual\n  up ip route add default via 192.0.2.1\n"), 0),
        (gateways.route_lines("default 192.0.2.1 - eth0\n"), 0),
        (gateways.route_lines("default via 192.0.2.1 dev eth0\n"), 0),
        (gateways.ifcfg("GATEWAY=192.0.2.1\nGATEWAYDEV=eth0\n"), 0),
        (gateways.lease("# private\nADDRESS=192.0.2.5\nROUTER=192.0.2.1 192.0.2.2\n", "eth0"), 0),
    ],
)
def test_settings_and_leases_of_other_managers(found: object, expected: int) -> None:
    assert list(found) == [Gateway("eth0", "192.0.2.1", expected)]  # type: ignore[call-overload]


@given(st.text(st.sampled_from(" \n-:#[]{}=,\"'\0abegtworuyv.1206/"), max_size=200), st.sampled_from(PARSERS))
def test_text_of_any_form_raises_nothing(text: str, parse: object) -> None:
    assert isinstance(list(parse(text)), list)  # type: ignore[operator]


def links(*routes: Route, up: bool = True) -> Links:
    addresses = (
        Address(family="inet", address="192.0.2.5", prefix=24, scope="global"),
        Address(family="inet6", address="2001:db8::5", prefix=64, scope="global"),
    )
    flags = frozenset({"UP"} if up else ())
    return Links(links=(Link(index=2, name="eth0", flags=flags, mtu=1500, addresses=addresses),), routes=routes)


def test_only_a_neighbour_on_an_interface_that_is_up_is_a_gateway() -> None:
    own = (
        Route(destination="192.0.2.0/24", device="eth0"),
        Route(destination="2001:db8::/64", device="eth0", version=6),
    )
    assert fits(links(*own), "eth0", "192.0.2.1")
    assert fits(links(*own), "eth0", "2001:db8::1")
    assert fits(links(*own), "eth0", "fe80::1")
    assert not fits(links(*own), "eth0", "198.51.100.1")
    assert not fits(links(*own), "eth0", "192.0.2.5")
    assert not fits(links(*own), "eth1", "192.0.2.1")
    assert not fits(links(*own, up=False), "eth0", "192.0.2.1")
    assert not fits(links(), "eth0", "192.0.2.1"), "the kernel refuses a gateway without a route to its network"


def test_two_halves_and_other_tables_are_ways_out() -> None:
    halves = [Route(destination=half, device="tun0") for half in ("0.0.0.0/1", "128.0.0.0/1")]
    assert has_default(links(*halves), 4)
    assert not has_default(links(halves[0]), 4)
    # The kernel's own route for "unreachable" does not count.
    nowhere = Route(destination="default", device="lo", kind="unreachable", version=6)
    assert not has_default(links(nowhere), 6)
    assert not wants_default(links(Route(destination="default", device="eth0", table="100")), 4)
    assert wants_default(links(), 4)
    assert wants_default(links(), 6)


def test_what_was_in_force_is_one_choice_and_each_other_route_another() -> None:
    def hint(gateway: str, *, recorded: bool = False) -> RouteHint:
        return RouteHint(version=4, device="eth0", gateway=gateway, place="x", is_recorded=recorded)

    both = (hint("192.0.2.1", recorded=True), hint("192.0.2.2", recorded=True))
    assert RouteHints(items=both).choices(4) == (both,)
    assert RouteHints(items=(*both, hint("192.0.2.1"))).choices(4) == (both,)
    assert len(RouteHints(items=(*both, hint("192.0.2.9"))).choices(4)) == 2
    assert RouteHints(items=both).choices(6) == ()
