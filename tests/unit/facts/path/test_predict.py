"""A predicted namespace is as the kernel would have it."""

from doctor.facts.path.namespace import NetAddress, NetLink, NetNamespace, NetRoute, Qdisc
from doctor.facts.path.predict import after
from doctor.formats.netlink.routes import KERNEL, ONLINK

_LINK = NetLink(index=7, name="eth0", kind="veth")
_ADDRESS = NetAddress(link=7, version=4, address="172.31.0.10", prefix=24)
_CONNECTED = NetRoute(version=4, destination="172.31.0.0/24", source="172.31.0.10", link=7, protocol=KERNEL)
_DEFAULT = NetRoute(version=4, destination="0.0.0.0/0", gateway="172.31.0.1", link=7, protocol=3)


def test_a_deletion_removes_the_route_with_the_metric_that_is_named() -> None:
    """Two routes to one destination differ by their metric alone."""
    routes = tuple(NetRoute(version=4, destination="10.0.0.0/8", link=7, metric=metric) for metric in (50, 100))
    left = after(NetNamespace(links=(_LINK,), routes=routes), ("route", "del", routes[1].request("eth0")))
    assert [route.metric for route in left.routes] == [50]


def test_a_route_that_is_deleted_and_added_is_the_same() -> None:
    """The request of a route has all that an undo must restore: metric, MTU, onlink, protocol, table and type."""
    routes = (
        NetRoute(
            version=4,
            destination="10.0.0.0/8",
            gateway="192.0.2.1",
            link=7,
            metric=5,
            mtu=1300,
            protocol=188,
            flags=ONLINK,
            table=99,
        ),
        NetRoute(version=4, destination="10.1.0.0/16", kind="blackhole", protocol=3),
    )
    before = NetNamespace(links=(_LINK,), routes=routes)
    for route in routes:
        request = route.request("eth0" if route.link else "")
        gone = after(before, ("route", "del", request))
        assert route not in gone.routes
        assert set(after(gone, ("route", "add", request)).routes) == set(routes)


def test_with_its_last_address_an_interface_loses_its_routes() -> None:
    """The kernel flushes them, those that others added too; with another address they stay."""
    before = NetNamespace(links=(_LINK,), addresses=(_ADDRESS,), routes=(_CONNECTED, _DEFAULT))
    request = ("addr", "del", {"dev": "eth0", "address": _ADDRESS.text})
    assert after(before, request).routes == ()
    other = NetAddress(link=7, version=4, address="192.0.2.9", prefix=24)
    both = NetNamespace(links=(_LINK,), addresses=(_ADDRESS, other), routes=(_CONNECTED, _DEFAULT))
    assert after(both, request).routes == (_DEFAULT,)


def test_a_queue_is_deleted_and_added() -> None:
    """The undo of a deleted queue adds it with its limit."""
    queue = Qdisc(link=7, kind="pfifo", limit=0)
    before = NetNamespace(links=(_LINK,), qdiscs=(queue,))
    gone = after(before, ("queue", "del", {"dev": "eth0"}))
    assert gone.qdiscs == ()
    assert after(gone, ("queue", "add", {"dev": "eth0", "kind": "pfifo", "limit": 0})).qdiscs == (queue,)
