"""Gateways in settings and leases, and which of them may be put back."""

from hypothesis import given
from hypothesis import strategies as st

from doctor.facts.network.links import Address, Link, Links, Route
from doctor.facts.network.route_hints import RouteHint, RouteHints, fits, has_default, wants_default
from doctor.formats.network import leases
from doctor.formats.network.leases import Gateway

PARSERS = (leases.dhclient, lambda text: leases.lease(text, "eth0"), lambda text: leases.device_state(text, "eth0"))


def test_leases_of_clients() -> None:
    of_networkd = leases.lease("# private\nADDRESS=192.0.2.5\nROUTER=192.0.2.1 192.0.2.2\n", "eth0")
    assert list(of_networkd) == [Gateway("eth0", "192.0.2.1")]


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
