"""Routes and rules that somebody added: no repair replaces them unasked, loses them, or deletes what an undo could not add exactly."""

from typing import Any

import pytest

from checks.network.endpoints.container_routing_added import container_routing_added as check_added
from doctor.api.actions.choose import Choose
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.networks import Endpoint, Network
from doctor.facts.path.ends.details import (
    AddressGone,
    ContainerPlace,
    InterfaceBase,
    Request,
    RoutesWrong,
    RoutingAdded,
)
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink, NetNamespace, NetRoute, RoutingRule
from doctor.facts.path.own.details import GatewaySilent, RouteAdded, RuleAdded
from doctor.facts.path.own.kept_state import PlacedRoute
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import Way
from doctor.formats.network.configured import ConfiguredRoute
from doctor.model.missing import Missing, Why
from fixers.network.endpoints.container_address_missing import container_address_missing
from fixers.network.endpoints.container_route_wrong import container_route_wrong
from fixers.network.endpoints.container_routing_added import container_routing_added
from fixers.network.routing.route_ends import route_ends
from fixers.network.routing.rule_of_routing_ends import rule_of_routing_ends
from fixers.network.uplink.link_without_carrier import link_without_carrier
from fixers.network.uplink.next_hop_silent import next_hop_silent

PLACE = ContainerPlace(container="web", pid=900, inode=9)
DEFAULT: Request = {"dst": "default", "gateway": "10.0.0.9", "dev": "eth0"}


def default_over(gateway: str) -> PlacedRoute:
    """The host's default route over a gateway."""
    return PlacedRoute(route=NetRoute(version=4, destination="0.0.0.0/0", gateway=gateway), device="eth0")


SILENT = GatewaySilent(current=default_over("192.0.2.77"), kept=(default_over("192.0.2.1"),))
NO_FILES = Missing(Why.ABSENT, "files", "nothing is wrong")
ROUTE = PlacedRoute(route=NetRoute(version=4, destination="10.0.0.0/8", kind="blackhole", has_more=True))
RULE = RoutingRule(version=4, priority=100, table=99, has_more=True)


@pytest.mark.parametrize(
    "found",
    [
        [*container_route_wrong(detail=RoutesWrong(place=PLACE, wrong=(DEFAULT,), missing=(DEFAULT,)))],
        [*next_hop_silent(detail=SILENT, files=NO_FILES)],
    ],
)
def test_a_default_route_that_somebody_set_is_a_question(found: list[Any]) -> None:
    """It may lead to a VPN that is off now: packets must not go around it unasked."""
    assert [type(one) for one in found] == [Choose]


@pytest.mark.parametrize("is_only", [False, True])
def test_a_route_over_an_interface_of_a_macvlan_network_is_the_engine_s(is_only: bool) -> None:
    """The engine sets the default route over the network whose name comes first: nobody added it."""
    shared = NetLink(index=31, name="eth1", kind="macvlan", flags=0x1043)
    inside = NetNamespace(
        links=(shared,), routes=(NetRoute(version=4, destination="0.0.0.0/0", gateway="192.168.77.1", link=31),)
    )
    network = Network(id="n", name="bridge", driver="bridge", bridge="docker0")
    one = PathEndpoint(
        endpoint=Endpoint(id="e", network_id="n", container_id="c"),
        network=network,
        name="web",
        namespace=inside,
        is_only=is_only,
    )
    cut = PathCut(
        cause="neighbour",
        end="dropped",
        place="web",
        device="eth1",
        says="packets from web to outside end at eth1 in web: nobody answers for 192.168.77.1",
        reason="eth1 in web: nobody answers for 192.168.77.1",
        ways=(Way(kind="egress", start="web", end="outside", target="193.0.14.129", port=443),),
    )
    found = [*check_added(OpenCuts(cuts=(cut,)), PathEndpoints(items=(one,)))]
    assert bool(found) is is_only


@pytest.mark.parametrize("gateway", ["10.0.0.1", "10.0.0.9"])
def test_the_engine_s_default_route_was_not_added(gateway: str) -> None:
    """Without the network's bridge nobody answers for the gateway, and that route is not the reason."""
    link = NetLink(index=7, name="eth0", kind="veth", flags=0x11043, peer_index=8, peer_namespace=0)
    route = NetRoute(version=4, destination="0.0.0.0/0", gateway=gateway, link=7)
    one = PathEndpoint(
        endpoint=Endpoint(id="e", network_id="n", container_id="c"),
        network=Network(id="n", name="app", driver="bridge", bridge="br-app"),
        name="web",
        namespace=NetNamespace(links=(link,), routes=(route,)),
        gateway="10.0.0.1",
        address="10.0.0.2/24",
    )
    cut = PathCut(
        cause="neighbour",
        end="dropped",
        place="web",
        device="eth0",
        says=f"packets from web to outside end at eth0 in web: nobody answers for {gateway}",
        reason=f"eth0 in web: nobody answers for {gateway}",
        ways=(Way(kind="egress", start="web", end="outside", target="193.0.14.129", port=443),),
    )
    found = [*check_added(OpenCuts(cuts=(cut,)), PathEndpoints(items=(one,)))]
    assert bool(found) is (gateway != "10.0.0.1")


def test_a_default_route_of_a_file_is_wanted() -> None:
    """The host's own configuration is newer than what a scan kept."""
    line = ConfiguredRoute(
        path="/etc/network/interfaces", line=3, version=4, destination="0.0.0.0/0", gateway="192.0.2.77", device="eth0"
    )  # fmt: skip
    found = [*next_hop_silent(detail=SILENT, files=HostNetworkFiles(routes=(line,)))]
    assert "/etc/network/interfaces" in found[0].summary
    assert not isinstance(found[0], Choose)


def test_routes_are_added_again_after_their_address() -> None:
    """The kernel removes them with the wrong address."""
    other: Request = {"dst": "10.50.0.0/16", "gateway": "10.0.0.3", "dev": "eth0", "prefsrc": "10.0.0.77"}
    base = InterfaceBase(device="eth0", address="10.0.0.2/24")
    detail = AddressGone(place=PLACE, base=base, foreign=(("10.0.0.77/24", {}),), routes=(other,))
    found = [one for one in container_address_missing(detail=detail) if isinstance(one, ChangeLink)]
    assert found[-1].do == ("route", "add", {"dst": "10.50.0.0/16", "gateway": "10.0.0.3", "dev": "eth0"})


@pytest.mark.parametrize(
    "found",
    [
        [*route_ends(detail=RouteAdded(routes=(ROUTE,), is_new=True))],
        [*link_without_carrier(detail=RouteAdded(routes=(ROUTE,), is_new=True))],
        [*rule_of_routing_ends(detail=RuleAdded(rule=RULE, is_new=True))],
        [*container_routing_added(detail=RoutingAdded(place=PLACE, kind="rule", text="", request={}, has_more=True))],
    ],
)
def test_what_an_undo_could_not_add_exactly_is_not_deleted(found: list[Any]) -> None:
    """The command is shown instead."""
    assert found
    assert not any(isinstance(one, Choose | ChangeLink) for one in found)
