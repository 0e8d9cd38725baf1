"""Neighbours whose entries are a consequence: learned for a MAC address that is gone, or failed because nobody was asked."""

import pytest
from msgspec.structs import replace

from checks.network.uplink.next_hop_silent import next_hop_silent
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.ends.details import ContainerPlace, InterfaceBase, InterfaceChanged
from doctor.facts.path.namespace import NetNamespace, NetRoute
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.paths import PathCut, Paths
from doctor.facts.path.way import DROPPED, HOST, Way
from doctor.formats.netlink.routes import FAILED, Neighbour
from doctor.model.missing import Missing, Why
from fixers.network.endpoints.container_interface_changed import container_interface_changed
from tests.unit.facts.path.small_world import host

_NONE = Missing(Why.ABSENT, "no record")


def test_entries_for_another_mac_address_are_deleted() -> None:
    """After the address is set; one that is gone meanwhile fails nothing."""
    web, peer = ContainerPlace(container="web", pid=7, inode=70), ContainerPlace(container="db", pid=8, inode=80)
    detail = InterfaceChanged(
        place=web,
        base=InterfaceBase(device="eth0"),
        mac="02:42:ac:11:00:02",
        mac_now="02:42:00:00:00:77",
        learned=((ContainerPlace(), "docker0", "172.17.0.2"), (peer, "eth0", "172.17.0.2")),
    )
    made = [one for one in container_interface_changed(detail) if isinstance(one, ChangeLink)]
    assert [(one.pid, one.do[:2], one.may_fail) for one in made] == [
        (7, ("link", "set"), False),
        (0, ("neigh", "del"), True),
        (8, ("neigh", "del"), True),
    ]


def _silent() -> NetNamespace:
    entry = Neighbour(link=2, version=4, address="192.0.2.1", state=FAILED)
    default = NetRoute(version=4, destination="0.0.0.0/0", gateway="192.0.2.1", link=2)
    routes = (default, *(one for one in host().routes if one.destination != "0.0.0.0/0"))
    return replace(host(), routes=routes, neighbours=(entry,))


@pytest.mark.parametrize(
    ("reason", "is_found"),
    [
        ("eth0: net.ipv4.neigh.eth0.mcast_solicit is 0, so nobody is asked for 192.0.2.1", False),
        ("eth0: nobody answers for 192.0.2.1", True),
    ],
)
def test_a_gateway_that_the_kernel_does_not_ask_is_not_silent(reason: str, *, is_found: bool) -> None:
    way = Way(kind="egress", start="web", end="outside", target="198.51.100.7", port=443)
    cut = PathCut(cause="neighbour", end=DROPPED, place=HOST, device="eth0", reason=reason, ways=(way,))
    for paths in (Paths(cuts=(cut,)), replace(Paths(cuts=(cut,)), cuts=(replace(cut, device="eth1"),))):
        found = list(next_hop_silent(NetNamespaces(host=_silent()), _NONE, _NONE, paths))
        assert bool(found) == (is_found or paths.cuts[0].device == "eth1")
