"""Routes over several next hops, a next hop object or a gateway of the other family: shown, asked for, predicted and found by a cut."""

import pytest
from msgspec.structs import replace

from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import ask_about_address
from doctor.facts.path.namespace import NetAddress, NetNamespace, NetRoute, NextHop
from doctor.facts.path.own.culprits import routes_of
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute, placed
from doctor.facts.path.paths import PathCut
from doctor.facts.path.predict import after
from doctor.facts.path.way import DROPPED
from doctor.formats.netlink.route_requests import encode, is_special
from doctor.formats.netlink.tables import parse_route
from doctor.model.missing import Missing, Why
from tests.unit.facts.path.small_world import WAYS, host

_TARGET = "198.51.100.7/32"
_HOPS = (NextHop(link=2, gateway="192.0.2.77"), NextHop(link=3, gateway="192.0.2.78", weight=2))
_ROUTES = {
    "several": NetRoute(version=4, destination=_TARGET, hops=_HOPS, protocol=3),
    "object": NetRoute(version=4, destination=_TARGET, nhid=7, kind="blackhole", protocol=3),
    "other family": NetRoute(version=4, destination=_TARGET, gateway="fe80::dead", link=2, protocol=3),
}
_TEXTS = {
    "several": f"{_TARGET} nexthop via 192.0.2.77 dev eth0 weight 1 nexthop via 192.0.2.78 dev docker0 weight 2",
    "object": f"{_TARGET} nhid 7",
    "other family": f"{_TARGET} via inet6 fe80::dead dev eth0",
}


def _with(route: NetRoute) -> NetNamespace:
    return replace(host(), routes=(*host().routes, route))


def _number(name: str) -> int:
    return {"eth0": 2, "docker0": 3}[name]


def _placed(kind: str) -> PlacedRoute:
    return next(one for one in placed(_with(_ROUTES[kind])) if one.route.destination == _TARGET)


@pytest.mark.parametrize("kind", list(_ROUTES))
def test_the_command_names_the_whole_way(kind: str) -> None:
    one = _placed(kind)
    assert one.text == _TEXTS[kind]
    assert is_special(one.request)
    assert not one.route.has_more


@pytest.mark.parametrize("kind", list(_ROUTES))
def test_the_kernel_reads_the_request_as_the_route(kind: str) -> None:
    found = parse_route(encode(_placed(kind).request, _number, deletes=False))
    wanted = _ROUTES[kind]
    # The object has the kind.
    assert found == (replace(wanted, kind="unicast") if wanted.nhid else wanted)


@pytest.mark.parametrize("kind", list(_ROUTES))
def test_a_deletion_is_predicted_and_reversed(kind: str) -> None:
    before, request = _with(_ROUTES[kind]), _placed(kind).request
    without = after(before, ("route", "del", request))
    assert without.routes == host().routes
    assert [one.text for one in placed(after(without, ("route", "add", request)))][-1] == _TEXTS[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("several", f"nobody answers for 192.0.2.77 and 192.0.2.78, the next hops of the route to {_TARGET}"),
        ("several", f"nobody answers for 192.0.2.78, one of 2 next hops of the route to {_TARGET}"),
        ("other family", "nobody answers for fe80::dead"),
    ],
)
def test_a_silent_next_hop_leads_to_its_route(kind: str, reason: str) -> None:
    way = WAYS["egress"]
    cut = PathCut(cause="neighbour", end=DROPPED, place="host", device="eth0", reason=f"eth0: {reason}", ways=(way,))
    assert routes_of(_with(_ROUTES[kind]), cut) == (_placed(kind),)
    elsewhere = replace(cut, ways=(replace(way, target="203.0.113.1"),))
    assert routes_of(_with(_ROUTES[kind]), elsewhere) == ()


def test_a_route_by_an_object_is_not_restored() -> None:
    """The object may have gone with it."""
    state = KeptState(_with(_ROUTES["object"]), Missing(Why.ABSENT, "no record"))
    assert not state.fits(_placed("object"))
    assert not _ROUTES["object"].is_restorable


def test_a_route_that_prefers_an_address_goes_with_it() -> None:
    """The kernel would delete it silently, and no undo would add it again."""
    route = PlacedRoute(route=NetRoute(version=4, destination=_TARGET, source="203.0.113.5"), device="eth0")
    own = NetAddress(link=1, version=4, address="203.0.113.5", prefix=32)
    delete = ask_about_address("lo", own, routes=(route,)).options[0].actions
    changes = [one for one in delete if isinstance(one, ChangeLink)]
    assert [one.do[:2] for one in changes] == [("route", "del"), ("addr", "del")]
    assert changes[0].undo == ("route", "add", route.request)
