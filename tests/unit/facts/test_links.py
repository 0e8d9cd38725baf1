"""Routes are chosen as the kernel chooses them."""

from doctor.facts.network.links import Links, Route


def links(*routes: Route) -> Links:
    return Links(links=(), routes=routes)


def test_the_longest_prefix_wins_then_the_metric_then_the_order() -> None:
    table = links(
        Route(destination="default", device="eth0"),
        Route(destination="172.16.0.0/12", device="vpn0"),
        Route(destination="172.17.0.0/16", device="docker0", metric=10),
        Route(destination="172.17.0.0/16", device="br-1"),
        Route(destination="172.17.0.0/16", device="br-2"),
    )
    best = {address: table.best(address) for address in ("8.8.8.8", "172.18.0.1", "172.17.0.2")}
    assert {address: route.device for address, route in best.items() if route is not None} == {
        "8.8.8.8": "eth0",
        "172.18.0.1": "vpn0",
        "172.17.0.2": "br-1",
    }


def test_routes_of_other_tables_and_kinds_do_not_count() -> None:
    table = links(
        Route(destination="10.0.0.0/8", device="eth0", table="local"),
        Route(destination="10.0.0.0/8", device="", kind="blackhole"),
        Route(destination="fd00::/8", device="eth0", version=6),
    )
    assert table.best("10.0.0.1") is None
    assert not table.has_policy
    assert links(Route(destination="default", device="vpn0", table="100")).has_policy
